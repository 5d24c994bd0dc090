-- Is a department promoted to anybody in whose store too little of it is on the shelf, by the last count of the place?
-- Counted from the delivered counts, product by product. A retailer without any count is not asked.
-- needs: audience, customer_360, dim_products, inventory_snapshots, seed_value_rules
with rules as (

    select
        max(try_cast(rule_value as decimal(18, 4))) filter (rule = 'min_stocked_rate') as lowest_rate,
        max(try_cast(rule_value as integer)) filter (rule = 'max_stock_age_days') as oldest_days
    from seed_value_rules

),

counts as (

    select
        case when counts.store_id = 'WEB' then 'web' else counts.store_id end as store_id,
        counts.sku,
        counts.snapshot_date,
        counts.on_hand > counts.reserved as is_there
    from inventory_snapshots as counts
    cross join run
    cross join rules
    where counts.known_date < run.as_of_date
        and counts.snapshot_date >= run.as_of_date - rules.oldest_days

),

last_days as (

    select store_id, max(snapshot_date) as snapshot_date
    from counts
    group by store_id

),

shelves as (

    select
        counts.store_id,
        products.department_name,
        count(*) filter (counts.is_there) as stocked_count,
        count(*) as product_count
    from counts
    semi join last_days using (store_id, snapshot_date)
    inner join dim_products as products on counts.sku = products.product_id
    group by counts.store_id, products.department_name

)

select
    audience.decision_id,
    format(
        '{} where the person shops ({}): {} of {} products are there',
        audience.department_name,
        coalesce(customers.home_store_id, 'nobody knows'),
        coalesce(shelves.stocked_count::varchar, 'unknown'),
        coalesce(shelves.product_count::varchar, 'unknown')
    ) as reason
from audience
cross join rules
left join customer_360 as customers on audience.person_id = customers.person_id
left join shelves
    on customers.home_store_id = shelves.store_id
    and ltrim(audience.department_name, '''') = shelves.department_name
where audience.department_name is not null
    and exists (
        select 1 from inventory_snapshots as told
        cross join run
        where told.known_date < run.as_of_date
    )
    and not coalesce(shelves.stocked_count >= rules.lowest_rate * shelves.product_count, false)
order by audience.decision_id
