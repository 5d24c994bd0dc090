-- One row per coupon handed in by a household. Renames; decides nothing.
with source as (

    select * from {{ source('pos', 'coupon_redemptions') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    household_id as customer_ref,
    coupon_upc,
    campaign_id,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    event_at as redeemed_at,
    event_date as redeemed_date,
    known_at,
    known_date
from source
