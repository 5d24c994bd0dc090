-- One row per support ticket and change of it: what it was at that moment. Renames; decides nothing.
with source as (

    select * from {{ source('zendesk', 'tickets') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    id as ticket_id,
    'shopify:customer:' || requester_external_id as record_id,  -- null: the desk knew the address only
    {{ email_key('requester_email') }} as email,

    -- attributes
    status as status_code,
    priority as priority_code,
    via_channel as asked_through,
    sentiment::double as sentiment,
    status not in ('solved', 'closed') as is_open,
    -- what nobody could tell the mood of may be a complaint
    coalesce(sentiment < 0, true) as is_negative,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    created_at as opened_at,
    event_at as updated_at,
    event_date as updated_date,
    known_at,
    known_date
from source
