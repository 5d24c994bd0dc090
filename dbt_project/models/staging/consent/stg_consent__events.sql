-- One row per statement of a person about one channel and purpose. Renames; any state but `granted` means no.
with source as (

    select * from {{ source('consent', 'events') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    event_id as consent_event_id,
    case subject_type
        when 'shopify_customer' then 'shopify:customer:'
        when 'loyalty_member' then 'loyalty:member:'
        when 'crm_contact' then 'crm:contact:'
        when 'pos_household' then 'pos:household:'
    end || subject_id as record_id,
    channel as channel_code,
    -- the log spells the channel again in its purpose: email_marketing
    case when purpose like '%marketing' then 'marketing' else purpose end as purpose_code,

    -- attributes
    state = 'granted' as is_granted,
    source as told_through,
    policy_version,
    jurisdiction as jurisdiction_code,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    event_at as stated_at,
    known_at,
    known_date
from source
