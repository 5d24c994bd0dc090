-- One row per released row of an audience file. Renames; decides nothing.
with source as (

    select * from {{ source('ledger', 'exports') }}
    where {{ decided_by_cutoff() }}

)

select
    -- keys
    as_of_date,
    channel_code,
    file as file_name,
    row_number as file_row_number,
    decision_id,
    person_id,
    treatment_id,

    -- attributes
    consent_basis,
    file_sha256,

    -- measures
    discount_rate,
    discount_cost_amount
from source
