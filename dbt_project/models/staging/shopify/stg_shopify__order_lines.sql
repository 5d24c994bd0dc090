-- One row per line of a web order. Says what is no sale of goods, and drops nothing.
with source as (

    select * from {{ source('shopify', 'order_lines') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    id as order_line_id,
    order_id,
    sku as product_id,

    -- attributes
    case when gift_card = 'true' then 'gift_card' end as excluded_reason_code,  -- null: goods

    -- measures
    quantity,
    total_discount as retail_discount_amount,
    pre_tax_price as net_sales_amount,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    known_at,
    known_date
from source
