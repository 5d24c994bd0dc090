-- One row per advertisement that a network says was shown or clicked. A network's own ids lead to nobody. Never changes.
select
    -- keys
    exposure_id,
    campaign_id,

    -- attributes
    network_code,
    placement_code,
    event_code,
    region_code,
    is_viewable,
    currency_code,

    -- measures
    cost_amount,

    -- times
    exposed_at,
    exposed_date,
    known_at,
    known_date
from {{ ref('stg_media__exposures') }}
