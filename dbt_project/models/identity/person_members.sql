-- One row per record: who it is, as of this night. A record without an id has no row: its facts are unresolved.
with spans as (

    select * from {{ ref('int_person_ids__spans') }}

)

select
    record_id,
    person_id,
    confidence,
    since_date
from spans
where until_date is null
