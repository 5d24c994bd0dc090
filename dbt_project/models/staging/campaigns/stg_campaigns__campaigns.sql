-- One row per coupon campaign by mail, planned ones included. Renames; decides nothing.
with source as (

    select * from {{ source('campaigns', 'campaigns') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    campaign_id,

    -- attributes
    replace(lower(campaign_type), ' ', '_') as campaign_type_code,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    event_at as started_at,
    start_date,
    end_date,
    known_at,
    known_date
from source
