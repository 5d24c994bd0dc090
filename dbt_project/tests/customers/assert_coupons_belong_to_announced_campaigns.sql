-- Every coupon, letter and redemption is of a campaign that was announced. A warning: sources may be late.
{{ config(severity='warn') }}
with mentioned as (

    select 'coupon' as subject, campaign_id from {{ ref('stg_campaigns__coupons') }}
    union all
    select 'letter' as subject, campaign_id from {{ ref('fct_contacts') }}
    union all
    select 'redemption' as subject, campaign_id from {{ ref('fct_redemptions') }}

)

select subject, campaign_id, count(*) as row_count
from mentioned
where campaign_id not in (select campaign_id from {{ ref('dim_campaigns') }})
group by subject, campaign_id
