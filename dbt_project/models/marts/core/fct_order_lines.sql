-- One row per product sold in a basket, as sold. Never changes: what comes back is a row of fct_returns.
with lines as (

    select * from {{ ref('int_order_lines__unioned') }}
    where not is_return

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

),

placements as (

    select * from {{ ref('int_placements__of_sold_products') }}

)

select
    -- keys
    lines.order_line_id,
    lines.order_id,
    lines.record_id,
    members.person_id,
    lines.store_id,
    lines.product_id,

    -- attributes
    coalesce(placements.is_displayed, false) as is_displayed,
    coalesce(placements.is_in_mailer, false) as is_in_mailer,
    coalesce(lines.is_with_coupon, false) as is_with_coupon,

    -- measures
    lines.quantity,
    (lines.net_sales_amount + lines.retail_discount_amount + lines.coupon_match_discount_amount)::decimal(18, 2)
        as gross_sales_amount,
    lines.retail_discount_amount,
    lines.coupon_match_discount_amount,
    lines.net_sales_amount,
    lines.coupon_discount_amount,
    (lines.net_sales_amount * coalesce(products.margin_rate, default_margin.margin_rate))::decimal(18, 2)
        as gross_margin_amount,

    -- times
    lines.sold_at as ordered_at,
    lines.sold_date as ordered_date,
    lines.known_at,
    lines.known_date
from lines
left join members on lines.record_id = members.record_id
left join products on lines.product_id = products.product_id
left join default_margin on true
left join placements
    on lines.product_id = placements.product_id
    and lines.store_id = placements.store_id
    and lines.sold_week_start_date = placements.week_start_date
