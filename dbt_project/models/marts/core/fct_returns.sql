-- One row per product given back, dated when it came back; the sale it belongs to stays as it was.
with lines as (

    select * from {{ ref('int_order_lines__unioned') }}
    where is_return

),

members as (

    select * from {{ ref('person_members') }}

),

products as (

    select * from {{ ref('dim_products') }}

),

default_margin as (

    select * from {{ ref('margin_rates') }}
    where department_name = '*'

)

select
    -- keys
    lines.order_line_id as return_line_id,
    lines.order_id,
    lines.record_id,
    members.person_id,
    lines.store_id,
    lines.product_id,

    -- measures
    lines.quantity,
    (-lines.net_sales_amount)::decimal(18, 2) as refund_amount,
    (-lines.net_sales_amount * coalesce(products.margin_rate, default_margin.margin_rate))::decimal(18, 2)
        as lost_margin_amount,
    lines.retail_discount_amount,
    lines.coupon_match_discount_amount,
    lines.coupon_discount_amount,

    -- times
    lines.sold_at as returned_at,
    lines.sold_date as returned_date,
    lines.known_at,
    lines.known_date
from lines
left join members on lines.record_id = members.record_id
left join products on lines.product_id = products.product_id
left join default_margin on true
