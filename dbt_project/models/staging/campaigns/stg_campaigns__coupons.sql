-- One row per coupon, product and campaign. Renames; decides nothing.
with source as (

    select * from {{ source('campaigns', 'coupons') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    coupon_upc,
    product_id,
    campaign_id,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    known_at,
    known_date
from source
