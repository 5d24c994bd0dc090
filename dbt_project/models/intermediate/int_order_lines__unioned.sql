-- One row per order line from any source, in one shape. The record is known, the person is not yet.
-- What a source says is no sale to a customer (voids, test orders, gift cards, staff purchases) stays in its staging.
with journal_lines as (

    select * from {{ ref('stg_till__receipts') }}
    where excluded_reason_code is null

),

web_orders as (

    select
        *,
        case
            when customer_ref is not null then 'shopify:customer:' || customer_ref
            when email is not null then 'shopify:guest:' || sha256('email:' || email)
        end as record_id  -- null: a guest without an address
    from {{ ref('stg_shopify__orders') }}
    where excluded_reason_code is null

),

web_lines as (

    select * from {{ ref('stg_shopify__order_lines') }}
    where excluded_reason_code is null

),

lines as (

    select
        order_id || '-' || product_id as order_line_id,
        order_id,
        'pos:household:' || customer_ref as record_id,  -- null: no card was shown
        store_id,
        product_id,
        'pos' as source_code,
        quantity < 0 or net_sales_amount < 0 as is_return,
        coupon_discount_amount > 0 or coupon_match_discount_amount > 0 as is_with_coupon,
        quantity,
        retail_discount_amount,
        coupon_match_discount_amount,
        coupon_discount_amount,
        net_sales_amount,
        sold_at,
        sold_date,
        known_at,
        known_date
    from {{ ref('stg_pos__order_lines') }} as till_lines
    union all
    select
        'till-' || journal_lines.order_id || '-' || journal_lines.line_number::varchar as order_line_id,
        'till-' || journal_lines.order_id as order_id,
        'till:card:' || journal_lines.loyalty_id as record_id,
        journal_lines.store_id,
        journal_lines.product_id,
        'till' as source_code,
        journal_lines.is_return or journal_lines.quantity < 0 or journal_lines.net_sales_amount < 0 as is_return,
        journal_lines.is_with_coupon,
        journal_lines.quantity,
        journal_lines.retail_discount_amount,
        0::decimal(18, 2) as coupon_match_discount_amount,
        0::decimal(18, 2) as coupon_discount_amount,
        journal_lines.net_sales_amount,
        -- tills write their store's time; landing could only read it in the retailer's zone
        coalesce(
            {{ utc_from_local('journal_lines.sold_local_time', 'stores.time_zone_name') }}, journal_lines.sold_at
        ) as sold_at,
        journal_lines.sold_date,
        journal_lines.known_at,
        journal_lines.known_date
    from journal_lines
    left join {{ ref('stg_stores__stores') }} as stores on journal_lines.store_id = stores.store_id
    union all
    select
        'shopify-' || web_lines.order_line_id as order_line_id,
        'shopify-' || web_lines.order_id as order_id,
        web_orders.record_id,
        'web' as store_id,
        web_lines.product_id,
        'shopify' as source_code,
        false as is_return,
        false as is_with_coupon,  -- the shop's codes are not read
        web_lines.quantity,
        web_lines.retail_discount_amount,
        0::decimal(18, 2) as coupon_match_discount_amount,
        0::decimal(18, 2) as coupon_discount_amount,
        web_lines.net_sales_amount,
        web_orders.sold_at,
        web_orders.sold_date,
        greatest(web_orders.known_at, web_lines.known_at) as known_at,
        greatest(web_orders.known_date, web_lines.known_date) as known_date
    from web_lines
    inner join web_orders on web_lines.order_id = web_orders.order_id  -- a line waits for its order
    union all
    select
        'shopify-refund-' || refunded_lines.refund_line_id || '-' || refunded_lines.order_id as order_line_id,
        'shopify-refund-' || refunded_lines.refund_id as order_id,
        web_orders.record_id,
        'web' as store_id,
        refunded_lines.product_id,
        'shopify' as source_code,
        true as is_return,
        false as is_with_coupon,
        -refunded_lines.quantity as quantity,
        0::decimal(18, 2) as retail_discount_amount,  -- what was given back is net of it
        0::decimal(18, 2) as coupon_match_discount_amount,
        0::decimal(18, 2) as coupon_discount_amount,
        -refunded_lines.refund_amount as net_sales_amount,
        refunds.refunded_at as sold_at,
        refunds.refunded_date as sold_date,
        greatest(web_orders.known_at, refunds.known_at, refunded_lines.known_at) as known_at,
        greatest(web_orders.known_date, refunds.known_date, refunded_lines.known_date) as known_date
    from {{ ref('stg_shopify__order_line_refunds') }} as refunded_lines
    -- a refunded line waits for its refund, which dates it, and for its order, which says whose it is
    inner join {{ ref('stg_shopify__refunds') }} as refunds
        on refunded_lines.refund_id = refunds.refund_id and refunded_lines.order_id = refunds.order_id
    inner join web_orders on refunded_lines.order_id = web_orders.order_id

)

select
    -- keys
    order_line_id,
    order_id,
    record_id,
    store_id,
    product_id,

    -- attributes
    source_code,
    is_return,
    is_with_coupon,

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
from lines
