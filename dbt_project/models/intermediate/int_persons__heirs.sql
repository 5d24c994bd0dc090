-- One row per person ever issued: who that person is today. A merged person lives on in the one that kept the id.
-- The record for which an id was issued leads there, however many merges and splits lie between.
with spans as (

    select * from {{ ref('int_person_ids__spans') }}

),

founders as (

    select person_id, min(founding_record_id) as founding_record_id
    from spans
    group by person_id

),

today as (

    select record_id, person_id from spans
    where until_date is null

)

select
    founders.person_id,
    coalesce(today.person_id, founders.person_id) as heir_person_id
from founders
left join today on founders.founding_record_id = today.record_id
