-- One row per line of a receipt: of several exports the last. Says what is no sale to a customer, and drops nothing.
-- A table: thousands of small files and their versions are gone through once, not once per reader.
{{ config(materialized='table') }}
with latest as (

    {{ latest_versions(source('till', 'receipts'), ['receipt_id', 'line_no'], 'exported_at') }}

)

select
    -- keys
    receipt_id as order_id,
    line_no as line_number,
    store_id,
    sku as product_id,
    nullif(trim(loyalty_id), '') as loyalty_id,  -- null: no card was shown

    -- attributes
    receipt_type = 'RETURN' as is_return,
    case
        when receipt_type = 'VOID' then 'void'
        when line_type = 'GIFT_CARD' then 'gift_card'
        when is_staff = 'true' then 'staff_purchase'
    end as excluded_reason_code,  -- null: a sale to a customer, or a return

    -- measures
    quantity,
    (discount_amount + coupon_amount)::decimal(18, 2) as retail_discount_amount,
    line_amount as net_sales_amount,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    sold_at as sold_local_time,
    event_at as sold_at,
    event_date as sold_date,
    known_at,
    known_date
from latest
