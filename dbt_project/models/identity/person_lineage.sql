-- One row per night and pair of persons: records went from one to the other, by a merge or a split.
with spans as (

    select * from {{ ref('int_person_ids__spans') }}

)

select
    from_person_id,
    person_id as to_person_id,
    since_date as as_of_date,
    cause_code as cause
from spans
where from_person_id is not null
    and from_person_id <> person_id
group by from_person_id, person_id, since_date, cause_code
