-- One row per day, region and medium: what was spent, as last told.
select
    -- keys
    spend_date,
    region_code,
    medium_code,

    -- attributes
    currency_code,

    -- measures
    spend_amount,

    -- times
    known_at,
    known_date
from {{ ref('stg_media__geo_spend') }}
