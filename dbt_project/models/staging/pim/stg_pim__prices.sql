-- One row per product and day from which its prices hold, as last told. Renames; decides nothing.
with latest as (

    {{ latest_versions(source('pim', 'prices'), ['sku', 'valid_from']) }}

)

select
    -- keys
    sku as product_id,
    valid_from as valid_from_date,

    -- attributes
    currency as currency_code,

    -- measures
    list_price as list_price_amount,
    price as shelf_price_amount,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    known_at,
    known_date
from latest
