-- One row per store in which something was bought or given back.
with orders as (

    select
        store_id,
        min(ordered_date) as first_order_date,
        max(ordered_date) as last_order_date,
        count(*)::integer as order_count,
        count(distinct person_id)::integer as person_count
    from {{ ref('fct_orders') }}
    group by store_id

),

stores as (

    select store_id from orders
    union
    select store_id from {{ ref('fct_returns') }}

)

select
    stores.store_id,
    orders.first_order_date,
    orders.last_order_date,
    coalesce(orders.order_count, 0) as order_count,
    coalesce(orders.person_count, 0) as person_count
from stores
left join orders on stores.store_id = orders.store_id
