-- The customer 360 and what is unresolved make up the facts of the last 365 days, in rows and to the cent.
-- Computed from records, not from the person_id that the facts carry.
with members as (

    select record_id from {{ ref('person_members') }}

),

facts as (

    select
        record_id,
        1 as order_count,
        0 as redemption_count,
        net_sales_amount,
        gross_margin_amount,
        discount_amount
    from {{ ref('fct_orders') }}
    where ordered_date >= {{ as_of_date(-365) }}
    union all
    select
        record_id,
        0 as order_count,
        0 as redemption_count,
        -refund_amount as net_sales_amount,
        -lost_margin_amount as gross_margin_amount,
        0 as discount_amount
    from {{ ref('fct_returns') }}
    where returned_date >= {{ as_of_date(-365) }}
    union all
    select
        record_id,
        0 as order_count,
        1 as redemption_count,
        0 as net_sales_amount,
        0 as gross_margin_amount,
        0 as discount_amount
    from {{ ref('fct_redemptions') }}
    where redeemed_date >= {{ as_of_date(-365) }}

),

unresolved as (

    select * from facts
    where record_id is null or record_id not in (select record_id from members)

),

counted as (

    select
        (select coalesce(sum(order_count), 0) from facts)
        - (select coalesce(sum(order_count), 0) from unresolved)
        - (select coalesce(sum(order_count_365d), 0) from {{ ref('customer_360') }}) as order_count,
        (select coalesce(sum(redemption_count), 0) from facts)
        - (select coalesce(sum(redemption_count), 0) from unresolved)
        - (select coalesce(sum(redemption_count_365d), 0) from {{ ref('customer_360') }}) as redemption_count,
        (select coalesce(sum(net_sales_amount), 0) from facts)
        - (select coalesce(sum(net_sales_amount), 0) from unresolved)
        - (select coalesce(sum(net_sales_amount_365d), 0) from {{ ref('customer_360') }}) as net_sales_amount,
        (select coalesce(sum(gross_margin_amount), 0) from facts)
        - (select coalesce(sum(gross_margin_amount), 0) from unresolved)
        - (select coalesce(sum(gross_margin_amount_365d), 0) from {{ ref('customer_360') }}) as gross_margin_amount,
        (select coalesce(sum(discount_amount), 0) from facts)
        - (select coalesce(sum(discount_amount), 0) from unresolved)
        - (select coalesce(sum(discount_amount_365d), 0) from {{ ref('customer_360') }}) as discount_amount

)

-- each column: what is in the facts and in neither of the two
select * from counted
where order_count <> 0
    or redemption_count <> 0
    or net_sales_amount <> 0
    or gross_margin_amount <> 0
    or discount_amount <> 0
