-- One row per day, region and medium, as last told. Renames; decides nothing.
with latest as (

    {{ latest_versions(source('media', 'geo_spend'), ['spend_date', 'geo', 'medium']) }}

)

select
    -- keys
    spend_date,
    geo as region_code,
    medium as medium_code,

    -- attributes
    currency as currency_code,

    -- measures
    spend_amount,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    known_at,
    known_date
from latest
