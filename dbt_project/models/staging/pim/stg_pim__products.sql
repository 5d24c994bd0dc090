-- One row per product, as last described. Renames; decides nothing.
with latest as (

    {{ latest_versions(source('pim', 'products'), 'sku') }}

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
from latest
