-- Orders are their lines and nothing else: as many lines, and every amount to the cent; stores count every order.
with lines as (

    select
        count(*) as line_count,
        count(distinct order_id) as order_count,
        coalesce(sum(gross_sales_amount), 0) as gross_sales_amount,
        coalesce(sum(net_sales_amount), 0) as net_sales_amount,
        coalesce(sum(coupon_discount_amount), 0) as coupon_discount_amount,
        coalesce(sum(gross_margin_amount), 0) as gross_margin_amount
    from {{ ref('fct_order_lines') }}

),

orders as (

    select
        coalesce(sum(line_count), 0) as line_count,
        count(*) as order_count,
        coalesce(sum(gross_sales_amount), 0) as gross_sales_amount,
        coalesce(sum(net_sales_amount), 0) as net_sales_amount,
        coalesce(sum(coupon_discount_amount), 0) as coupon_discount_amount,
        coalesce(sum(gross_margin_amount), 0) as gross_margin_amount
    from {{ ref('fct_orders') }}

),

stores as (

    select coalesce(sum(order_count), 0) as order_count from {{ ref('dim_stores') }}

)

select
    lines.line_count,
    orders.line_count as lines_in_orders_count,
    lines.net_sales_amount,
    orders.net_sales_amount as net_sales_amount_of_orders
from lines
cross join orders
cross join stores
where lines.line_count <> orders.line_count
    or lines.order_count <> orders.order_count
    or lines.gross_sales_amount <> orders.gross_sales_amount
    or lines.net_sales_amount <> orders.net_sales_amount
    or lines.coupon_discount_amount <> orders.coupon_discount_amount
    or lines.gross_margin_amount <> orders.gross_margin_amount
    or lines.order_count <> stores.order_count
