-- One row per event of web site or app. Renames; without consent to be recognised it is nobody's and no device's.
with source as (

    select * from {{ source('ga4', 'events') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    event_timestamp as event_ref,
    session_id as session_ref,
    batch_event_index as event_number,
    event_name as event_code,
    case when analytics_storage = 'Yes' then user_pseudo_id end as device_ref,
    case when analytics_storage = 'Yes' then 'shopify:customer:' || user_id end as record_id,
    transaction_id as transaction_ref,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    {{ moment_of_micros('event_timestamp') }} as event_at,
    case when {{ compact_date('event_day') }} <= known_date then {{ compact_date('event_day') }} end as event_date,
    known_at,
    known_date
from source
