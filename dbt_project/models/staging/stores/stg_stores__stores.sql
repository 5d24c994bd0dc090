-- One row per store, as last described. Renames; decides nothing.
with latest as (

    {{ latest_versions(source('stores', 'stores'), 'store_id') }}

)

select
    -- keys
    store_id,

    -- attributes
    time_zone as time_zone_name,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    known_at,
    known_date
from latest
