-- One row per advertisement that a network says was shown or clicked. Renames; a network's own ids lead to nobody.
with source as (

    select * from {{ source('media', 'exposures') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    exposure_id,
    campaign_id,

    -- attributes
    network as network_code,
    placement as placement_code,
    event as event_code,
    geo as region_code,
    viewable = 'true' as is_viewable,
    currency as currency_code,

    -- measures
    cost as cost_amount,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    event_at as exposed_at,
    event_date as exposed_date,
    known_at,
    known_date
from source
