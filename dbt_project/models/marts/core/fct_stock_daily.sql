-- One row per day, place and department: how many of its products could be sold when the day began.
with counts as (

    select * from {{ ref('stg_inventory__snapshots') }}

),

products as (

    select * from {{ ref('dim_products') }}

)

select
    -- keys
    counts.snapshot_date,
    counts.store_id,
    coalesce(products.department_name, 'unknown') as department_name,

    -- measures
    count(*)::integer as product_count,
    sum(case when counts.available_count > 0 then 1 else 0 end)::integer as stocked_product_count,
    sum(counts.available_count)::bigint as available_count,

    -- times
    max(counts.known_date) as known_date
from counts
left join products on counts.product_id = products.product_id
group by counts.snapshot_date, counts.store_id, coalesce(products.department_name, 'unknown')
