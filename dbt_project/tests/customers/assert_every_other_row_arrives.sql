-- Every accepted row of the other sources is a fact, a dimension row or a customer record; none is lost or doubled.
-- Coupons are told per campaign: those of a campaign that nobody announced are counted apart.
with counts as (

    select
        'redemptions' as subject,
        (select count(*) from {{ ref('stg_pos__coupon_redemptions') }}) as staged_count,
        (select count(*) from {{ ref('fct_redemptions') }}) as served_count
    union all
    select
        'mailings' as subject,
        (select count(*) from {{ ref('stg_campaigns__mailings') }}) as staged_count,
        (select count(*) from {{ ref('fct_contacts') }}) as served_count
    union all
    select
        'messages' as subject,
        (select count(*) from {{ ref('stg_messaging__events') }}) as staged_count,
        (select count(distinct message_event_id) from {{ ref('fct_message_events') }}) as served_count
    union all
    select
        'tickets' as subject,
        (select count(*) from {{ ref('stg_zendesk__tickets') }}) as staged_count,
        (
            select count(*) from (
                select ticket_id, updated_at from {{ ref('fct_support_tickets') }}
                group by ticket_id, updated_at
            ) as changes
        ) as served_count
    union all
    select
        'counts of stock' as subject,
        (select count(*) from {{ ref('stg_inventory__snapshots') }}) as staged_count,
        (select coalesce(sum(product_count), 0) from {{ ref('fct_stock_daily') }}) as served_count
    union all
    select
        'answers and reviews' as subject,
        (select count(*) from {{ ref('stg_feedback__nps') }})
        + (select count(*) from {{ ref('stg_feedback__reviews') }}) as staged_count,
        (select count(*) from {{ ref('fct_feedback') }}) as served_count
    union all
    select
        'web events' as subject,
        (select count(*) from {{ ref('stg_ga4__events') }}) as staged_count,
        (select coalesce(sum(event_count), 0) from {{ ref('fct_web_sessions') }}) as served_count
    union all
    select
        'points' as subject,
        (select count(*) from {{ ref('stg_loyalty__points') }}) as staged_count,
        (select count(*) from {{ ref('fct_points') }}) as served_count
    union all
    select
        'products' as subject,
        (select count(*) from {{ ref('stg_catalogue__products') }})
        + (select count(*) from {{ ref('stg_pim__products') }}) as staged_count,
        (select count(*) from {{ ref('dim_products') }}) as served_count
    union all
    select
        'campaigns' as subject,
        (select count(*) from {{ ref('stg_campaigns__campaigns') }}) as staged_count,
        (select count(*) from {{ ref('dim_campaigns') }}) as served_count
    union all
    select
        'households and contacts' as subject,
        (select count(*) from {{ ref('stg_crm__households') }})
        + (select count(*) from {{ ref('stg_crm__contacts') }}) as staged_count,
        (select count(*) from {{ ref('identity_records') }} where source_code = 'crm') as served_count
    union all
    select
        'members' as subject,
        (select count(*) from {{ ref('stg_loyalty__members') }}) as staged_count,
        (select count(*) from {{ ref('identity_records') }} where source_code = 'loyalty') as served_count
    union all
    select
        'coupons' as subject,
        (select count(distinct campaign_id || '-' || coupon_upc) from {{ ref('stg_campaigns__coupons') }})
            as staged_count,
        (select coalesce(sum(coupon_count), 0) from {{ ref('dim_campaigns') }})
        + (
            select count(distinct campaign_id || '-' || coupon_upc) from {{ ref('stg_campaigns__coupons') }}
            where campaign_id not in (select campaign_id from {{ ref('dim_campaigns') }})
        ) as served_count

)

select * from counts
where staged_count <> served_count
