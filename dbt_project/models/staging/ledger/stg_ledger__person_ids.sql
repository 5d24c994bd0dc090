-- One row per record whose person changed in a night. Renames; decides nothing.
with source as (

    select * from {{ source('ledger', 'person_ids') }}
    where {{ decided_by_cutoff() }}

)

select
    -- keys
    as_of_date,
    record_id,
    person_id,
    from_person_id,
    founding_record_id,

    -- attributes
    cause,
    confidence
from source
