-- One row per household and campaign mailed by the retailer itself, planned ones included.
with mailings as (

    select
        *,
        'campaigns:household:' || customer_ref as record_id
    from {{ ref('stg_campaigns__mailings') }}

),

campaigns as (

    select * from {{ ref('stg_campaigns__campaigns') }}

),

members as (

    select * from {{ ref('person_members') }}

)

select
    -- keys
    mailings.load_id || '-' || mailings.source_row_number::varchar as contact_id,
    mailings.record_id,
    members.person_id,
    mailings.campaign_id,

    -- attributes
    coalesce(campaigns.campaign_type_code, 'unknown') as campaign_type_code,
    'direct_mail' as channel_code,

    -- times; a letter of a campaign that nobody announced counts on the day it became known
    coalesce(campaigns.started_at, mailings.known_at) as contacted_at,
    coalesce(campaigns.start_date, mailings.known_date) as contacted_date,
    greatest(mailings.known_date, coalesce(campaigns.known_date, mailings.known_date)) as known_date
from mailings
left join campaigns on mailings.campaign_id = campaigns.campaign_id
left join members on mailings.record_id = members.record_id
