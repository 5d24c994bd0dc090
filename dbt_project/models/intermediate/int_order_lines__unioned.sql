-- One row per order line from any source, in one shape. The record is known, the person is not yet.
with till_lines as (

    select * from {{ ref('stg_pos__order_lines') }}

)

select
    -- keys
    order_id || '-' || product_id as order_line_id,
    order_id,
    'pos:household:' || customer_ref as record_id,  -- null: no card was shown
    store_id,
    product_id,

    -- attributes
    'pos' as source_code,
    quantity < 0 or net_sales_amount < 0 as is_return,

    -- measures
    quantity,
    retail_discount_amount,
    coupon_match_discount_amount,
    coupon_discount_amount,
    net_sales_amount,

    -- times
    {{ week_start('sold_date') }} as sold_week_start_date,
    sold_at,
    sold_date,
    known_at,
    known_date
from till_lines
