-- One row per product in a basket, as the till reported it. Renames; decides nothing.
with source as (

    select * from {{ source('pos', 'order_lines') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    basket_id as order_id,
    product_id,
    store_id,
    household_id as customer_ref,  -- null: no card was shown

    -- measures
    quantity,
    sales_value as net_sales_amount,
    retail_disc as retail_discount_amount,
    coupon_match_disc as coupon_match_discount_amount,
    coupon_disc as coupon_discount_amount,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    event_at as sold_at,
    event_date as sold_date,
    known_at,
    known_date
from source
