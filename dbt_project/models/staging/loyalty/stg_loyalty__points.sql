-- One row per entry of the points ledger. Renames; decides nothing.
with source as (

    select * from {{ source('loyalty', 'points') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    txn_id as entry_id,
    member_id as loyalty_id,
    store_id,
    order_ref,

    -- attributes
    type as entry_code,
    reason as reason_code,

    -- measures
    points as point_count,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    event_at as entered_at,
    event_date as entered_date,
    known_at,
    known_date
from source
