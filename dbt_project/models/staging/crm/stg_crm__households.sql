-- One row per household that the retailer knows more about. Renames; decides nothing.
with source as (

    select * from {{ source('crm', 'households') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    household_id as customer_ref,

    -- attributes
    age as age_band,
    income as income_band,
    home_ownership,
    marital_status,
    household_size,
    household_comp as household_composition,
    kids_count,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    known_at,
    known_date
from source
