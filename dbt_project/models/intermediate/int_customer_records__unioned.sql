-- One row per household that any source system knows, in one shape: a till's, the mailing list's, the CRM's.
with sightings as (

    select 'pos' as source_code, customer_ref, known_date from {{ ref('stg_pos__order_lines') }}
    union all
    select 'pos' as source_code, customer_ref, known_date from {{ ref('stg_pos__coupon_redemptions') }}
    union all
    select 'campaigns' as source_code, customer_ref, known_date from {{ ref('stg_campaigns__mailings') }}
    union all
    select 'crm' as source_code, customer_ref, known_date from {{ ref('stg_crm__households') }}

)

select
    source_code || ':household:' || customer_ref as record_id,
    source_code,
    customer_ref,
    min(known_date) as first_seen_date
from sightings
where customer_ref is not null
group by source_code, customer_ref
