-- One row per order: its sales lines together. What comes back later does not change it.
with lines as (

    select * from {{ ref('fct_order_lines') }}

)

select
    -- keys
    order_id,
    min(record_id) as record_id,
    min(person_id) as person_id,
    min(store_id) as store_id,

    -- measures
    count(*)::integer as line_count,
    sum(quantity)::bigint as unit_count,
    sum(gross_sales_amount)::decimal(18, 2) as gross_sales_amount,
    sum(retail_discount_amount + coupon_match_discount_amount)::decimal(18, 2) as discount_amount,
    sum(net_sales_amount)::decimal(18, 2) as net_sales_amount,
    sum(coupon_discount_amount)::decimal(18, 2) as coupon_discount_amount,
    sum(gross_margin_amount)::decimal(18, 2) as gross_margin_amount,

    -- times
    min(ordered_at) as ordered_at,
    min(ordered_date) as ordered_date,
    max(known_at) as known_at,
    max(known_date) as known_date
from lines
group by order_id
