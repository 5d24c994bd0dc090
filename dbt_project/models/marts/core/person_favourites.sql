-- One row per person with an order: the store and the department that the person buys in most.
-- Ties go to the store visited last, then to the smaller name, so that a re-run chooses the same.
with visits as (

    select
        person_id,
        store_id,
        count(*) as order_count,
        max(ordered_date) as last_order_date
    from {{ ref('fct_orders') }}
    where person_id is not null
    group by person_id, store_id

),

home_stores as (

    select
        person_id,
        store_id,
        row_number() over (
            partition by person_id
            order by order_count desc, last_order_date desc, store_id
        ) as place
    from visits

),

-- what nobody may be addressed about is nobody's favourite, nor is what cannot be told apart from it
spending as (

    select
        lines.person_id,
        products.department_name,
        sum(lines.net_sales_amount) as net_sales_amount
    from {{ ref('fct_order_lines') }} as lines
    inner join {{ ref('dim_products') }} as products on lines.product_id = products.product_id
    where lines.person_id is not null
        and not products.is_sensitive
        and lines.ordered_date >= {{ as_of_date(-365) }}
        and lines.ordered_date < {{ as_of_date() }}
    group by lines.person_id, products.department_name

),

departments as (

    select
        person_id,
        department_name,
        row_number() over (
            partition by person_id
            order by net_sales_amount desc, department_name
        ) as place
    from spending
    where net_sales_amount > 0

)

select
    home_stores.person_id,
    home_stores.store_id as home_store_id,
    departments.department_name as favourite_department_name
from home_stores
left join departments on home_stores.person_id = departments.person_id and departments.place = 1
where home_stores.place = 1
