-- One row per record of a customer in any source system, in one shape: households, cards, accounts, contacts, guests.
-- A view: addresses and numbers are kept in the identity relations only.
{{ config(materialized='view') }}
with households as (

    select 'pos' as source_code, customer_ref, known_date from {{ ref('stg_pos__order_lines') }}
    union all
    select 'pos' as source_code, customer_ref, known_date from {{ ref('stg_pos__coupon_redemptions') }}
    union all
    select 'campaigns' as source_code, customer_ref, known_date from {{ ref('stg_campaigns__mailings') }}
    union all
    select 'crm' as source_code, customer_ref, known_date from {{ ref('stg_crm__households') }}

),

web_orders as (

    select * from {{ ref('stg_shopify__orders') }}
    where excluded_reason_code is null

),

sightings as (

    select
        source_code,
        'household' as record_kind,
        customer_ref,
        customer_ref as loyalty_id,
        null::varchar as email,
        null::varchar as phone,
        known_date
    from households
    union all
    select
        'till' as source_code,
        'card' as record_kind,
        loyalty_id as customer_ref,
        loyalty_id,
        null::varchar as email,
        null::varchar as phone,
        known_date
    from {{ ref('stg_till__receipts') }}
    where excluded_reason_code is null
    union all
    select
        'loyalty' as source_code,
        'member' as record_kind,
        loyalty_id as customer_ref,
        loyalty_id,
        email,
        phone,
        first_known_date as known_date
    from {{ ref('stg_loyalty__members') }}
    union all
    select
        'shopify' as source_code,
        'customer' as record_kind,
        customer_ref,
        null::varchar as loyalty_id,
        email,
        phone,
        first_known_date as known_date
    from {{ ref('stg_shopify__customers') }}
    union all
    select
        'shopify' as source_code,
        'customer' as record_kind,
        customer_ref,
        null::varchar as loyalty_id,
        null::varchar as email,  -- the account's own address holds, not the one typed with an order
        null::varchar as phone,
        known_date
    from web_orders
    union all
    select
        'shopify' as source_code,
        'guest' as record_kind,
        sha256('email:' || email) as customer_ref,
        null::varchar as loyalty_id,
        email,
        phone,
        known_date
    from web_orders
    where customer_ref is null
    union all
    select
        'crm' as source_code,
        'contact' as record_kind,
        customer_ref,
        null::varchar as loyalty_id,
        email,
        phone,
        first_known_date as known_date
    from {{ ref('stg_crm__contacts') }}

)

select
    source_code || ':' || record_kind || ':' || customer_ref as record_id,
    source_code,
    customer_ref,
    min(loyalty_id) as loyalty_id,
    min(email) as email,
    min(phone) as phone,
    min(known_date) as first_seen_date
from sightings
where customer_ref is not null
group by source_code, record_kind, customer_ref
