-- Every line and every cent that tills and web shop reported and landing accepted is in exactly one of the two facts,
-- but for what its source says is no sale to a customer, and for web lines and refunds whose order or refund has not
-- come yet.
with told as (

    select
        quantity,
        net_sales_amount,
        retail_discount_amount,
        coupon_match_discount_amount,
        coupon_discount_amount
    from {{ ref('stg_pos__order_lines') }}
    union all
    select
        quantity,
        net_sales_amount,
        retail_discount_amount,
        0 as coupon_match_discount_amount,
        0 as coupon_discount_amount
    from {{ ref('stg_till__receipts') }}
    where excluded_reason_code is null
    union all
    select
        quantity,
        net_sales_amount,
        retail_discount_amount,
        0 as coupon_match_discount_amount,
        0 as coupon_discount_amount
    from {{ ref('stg_shopify__order_lines') }}
    where excluded_reason_code is null
        and order_id in (select order_id from {{ ref('stg_shopify__orders') }} where excluded_reason_code is null)
    union all
    select
        -quantity as quantity,
        -refund_amount as net_sales_amount,
        0 as retail_discount_amount,
        0 as coupon_match_discount_amount,
        0 as coupon_discount_amount
    from {{ ref('stg_shopify__order_line_refunds') }}
    where order_id in (select order_id from {{ ref('stg_shopify__orders') }} where excluded_reason_code is null)
        and refund_id || '-' || order_id in (
            select refund_id || '-' || order_id from {{ ref('stg_shopify__refunds') }}
        )

),

staged as (

    select
        count(*) as line_count,
        coalesce(sum(quantity), 0) as quantity,
        coalesce(sum(net_sales_amount), 0) as net_sales_amount,
        coalesce(sum(retail_discount_amount), 0) as retail_discount_amount,
        coalesce(sum(coupon_match_discount_amount), 0) as coupon_match_discount_amount,
        coalesce(sum(coupon_discount_amount), 0) as coupon_discount_amount
    from told

),

facts as (

    select
        quantity,
        net_sales_amount,
        retail_discount_amount,
        coupon_match_discount_amount,
        coupon_discount_amount
    from {{ ref('fct_order_lines') }}
    union all
    select
        quantity,
        -refund_amount as net_sales_amount,
        retail_discount_amount,
        coupon_match_discount_amount,
        coupon_discount_amount
    from {{ ref('fct_returns') }}

),

served as (

    select
        count(*) as line_count,
        coalesce(sum(quantity), 0) as quantity,
        coalesce(sum(net_sales_amount), 0) as net_sales_amount,
        coalesce(sum(retail_discount_amount), 0) as retail_discount_amount,
        coalesce(sum(coupon_match_discount_amount), 0) as coupon_match_discount_amount,
        coalesce(sum(coupon_discount_amount), 0) as coupon_discount_amount
    from facts

)

select
    staged.line_count as staged_line_count,
    served.line_count as served_line_count,
    staged.net_sales_amount as staged_net_sales_amount,
    served.net_sales_amount as served_net_sales_amount
from staged
cross join served
where staged.line_count <> served.line_count
    or staged.quantity <> served.quantity
    or staged.net_sales_amount <> served.net_sales_amount
    or staged.retail_discount_amount <> served.retail_discount_amount
    or staged.coupon_match_discount_amount <> served.coupon_match_discount_amount
    or staged.coupon_discount_amount <> served.coupon_discount_amount
