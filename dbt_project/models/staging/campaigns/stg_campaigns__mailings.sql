-- One row per household that a campaign is mailed to. Renames; decides nothing.
with source as (

    select * from {{ source('campaigns', 'mailings') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    campaign_id,
    household_id as customer_ref,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    known_at,
    known_date
from source
