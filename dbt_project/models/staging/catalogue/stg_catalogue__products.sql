-- One row per product. Renames; decides nothing.
with source as (

    select * from {{ source('catalogue', 'products') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    product_id,
    manufacturer_id,

    -- attributes
    department as department_name,
    product_category as category_name,
    product_type as product_type_name,
    lower(brand) as brand_code,
    package_size,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    known_at,
    known_date
from source
