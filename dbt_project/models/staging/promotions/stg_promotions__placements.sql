-- One row per place where a product is shown in a store or in the mailer of one week. Renames; decides nothing.
with source as (

    select * from {{ source('promotions', 'placements') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    product_id,
    store_id,
    display_location as display_location_code,
    mailer_location as mailer_location_code,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    event_date as week_start_date,
    known_at,
    known_date
from source
