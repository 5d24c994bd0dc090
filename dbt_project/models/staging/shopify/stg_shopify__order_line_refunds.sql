-- One row per article that a refund of a web order is for. Renames; decides nothing.
with source as (

    select * from {{ source('shopify', 'order_line_refunds') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    id as refund_line_id,
    refund_id,
    order_id,
    sku as product_id,

    -- measures
    quantity,
    subtotal as refund_amount,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    known_at,
    known_date
from source
