-- One row per coupon handed in.
with redemptions as (

    select
        *,
        'pos:household:' || customer_ref as record_id
    from {{ ref('stg_pos__coupon_redemptions') }}

),

members as (

    select * from {{ ref('person_members') }}

)

select
    -- keys
    redemptions.load_id || '-' || redemptions.source_row_number::varchar as redemption_id,
    redemptions.record_id,
    members.person_id,
    redemptions.campaign_id,
    redemptions.coupon_upc,

    -- times
    redemptions.redeemed_at,
    redemptions.redeemed_date,
    redemptions.known_at,
    redemptions.known_date
from redemptions
left join members on redemptions.record_id = members.record_id
