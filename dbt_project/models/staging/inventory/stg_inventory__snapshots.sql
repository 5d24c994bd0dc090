-- One row per place, product and day: what could be sold at the day's start. Renames; a negative count is no stock.
with source as (

    select * from {{ source('inventory', 'snapshots') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    snapshot_date,
    case when store_id = 'WEB' then 'web' else store_id end as store_id,  -- as the web shop's orders call it
    sku as product_id,

    -- attributes
    greatest(on_hand - reserved, 0) as available_count,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    known_at,
    known_date
from source
