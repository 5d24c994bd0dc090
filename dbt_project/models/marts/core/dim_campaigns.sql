-- One row per coupon campaign by mail, planned ones included.
with campaigns as (

    select * from {{ ref('stg_campaigns__campaigns') }}

),

mailed as (

    select
        campaign_id,
        count(distinct coalesce(person_id, record_id))::integer as mailed_person_count
    from {{ ref('fct_contacts') }}
    group by campaign_id

),

coupons as (

    select
        campaign_id,
        count(distinct coupon_upc)::integer as coupon_count,
        count(distinct product_id)::integer as product_count
    from {{ ref('stg_campaigns__coupons') }}
    group by campaign_id

)

select
    -- keys
    campaigns.campaign_id,

    -- attributes
    campaigns.campaign_type_code,

    -- measures
    coalesce(mailed.mailed_person_count, 0) as mailed_person_count,
    coalesce(coupons.coupon_count, 0) as coupon_count,
    coalesce(coupons.product_count, 0) as product_count,

    -- times
    campaigns.start_date,
    campaigns.end_date,
    campaigns.known_date
from campaigns
left join mailed on campaigns.campaign_id = mailed.campaign_id
left join coupons on campaigns.campaign_id = coupons.campaign_id
