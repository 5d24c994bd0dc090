-- One row per refund and web order. Renames; decides nothing.
with source as (

    select * from {{ source('shopify', 'refunds') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    id as refund_id,
    order_id,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    event_at as refunded_at,
    event_date as refunded_date,
    known_at,
    known_date
from source
