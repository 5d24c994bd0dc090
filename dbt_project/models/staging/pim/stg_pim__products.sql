-- One row per product, as last described. Renames; decides nothing.
with source as (

    select * from {{ source('pim', 'products') }}
    where {{ known_by_cutoff() }}

),

versions as (

    select
        *,
        row_number() over (
            partition by sku
            order by known_date desc, load_id desc, row_number desc
        ) as place
    from source

)

select
    -- keys
    sku as product_id,

    -- attributes
    department as department_name,
    category as category_name,
    is_sensitive = 'true' as is_sensitive,

    -- measures
    price as list_price_amount,
    cost_of_goods_sold as unit_cost_amount,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    known_at,
    known_date
from versions
where place = 1
