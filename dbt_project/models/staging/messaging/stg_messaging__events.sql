-- One row per thing that happened to a message. Renames; decides nothing.
with source as (

    select * from {{ source('messaging', 'events') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    id as message_event_id,
    dispatch_id as message_id,
    'loyalty:member:' || external_user_id as record_id,  -- null: the sender knew the address only
    {{ email_key('email_address') }} as email,
    campaign_id,

    -- attributes
    case
        when {{ dotted_part('event_type', 2) }} = 'campaigns' then null  -- the campaign's own sends have it
        when {{ dotted_part('event_type', 3) }} = 'pushnotification' then 'app_push'
        else {{ dotted_part('event_type', 3) }}
    end as channel_code,
    case coalesce(nullif({{ dotted_part('event_type', 4) }}, ''), {{ dotted_part('event_type', 3) }})
        when 'Send' then 'sent'
        when 'Delivery' then 'delivered'
        when 'Open' then case when machine_open = 'true' then 'opened_by_machine' else 'opened' end
        when 'Click' then 'clicked'
        when 'Bounce' then 'bounced'
        when 'SoftBounce' then 'soft_bounced'
        when 'Unsubscribe' then 'unsubscribed'
        when 'MarkAsSpam' then 'marked_as_spam'
        when 'EnrollInControl' then 'enrolled_in_control'
        else 'other'
    end as event_code,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    event_at,
    event_date,
    known_at,
    known_date
from source
