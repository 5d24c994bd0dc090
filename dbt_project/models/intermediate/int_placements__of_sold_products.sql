-- One row per product, store and week in which it was both sold and shown in the store or in the mailer.
-- Of millions of placements a week only those of sold products matter: the join drops the others while it reads.
-- A placement told after the sale was known does not count: it would change a fact that others have used.
with placements as (

    select * from {{ ref('stg_promotions__placements') }}

),

sold as (

    select
        product_id,
        store_id,
        sold_week_start_date,
        min(known_date) as known_date
    from {{ ref('int_order_lines__unioned') }}
    where not is_return
    group by product_id, store_id, sold_week_start_date

)

select
    -- keys
    placements.product_id,
    placements.store_id,
    placements.week_start_date,

    -- attributes
    bool_or(placements.display_location_code <> '0') as is_displayed,
    bool_or(placements.mailer_location_code <> '0') as is_in_mailer
from placements
inner join sold
    on placements.product_id = sold.product_id
    and placements.store_id = sold.store_id
    and placements.week_start_date = sold.sold_week_start_date
    and placements.known_date <= sold.known_date
group by placements.product_id, placements.store_id, placements.week_start_date
