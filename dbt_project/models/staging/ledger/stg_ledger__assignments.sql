-- One row per person that was given an arm of an experiment in a night. Renames; decides nothing.
with source as (

    select * from {{ source('ledger', 'assignments') }}
    where {{ decided_by_cutoff() }}

)

select
    -- keys
    as_of_date,
    experiment_id,
    person_id,

    -- attributes
    arm,
    holdout_share
from source
