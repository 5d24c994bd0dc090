-- One row per customer record of which a source tells more than keys: names, date of birth, address, as it writes them.
-- A view: what describes a person is kept in the identity relations only.
{{ config(materialized='view') }}
select
    'loyalty:member:' || loyalty_id as record_id,
    given_name,
    family_name,
    null::varchar as full_name,
    birthday,
    null::varchar as gender,
    null::varchar as street,
    null::varchar as city,
    null::varchar as region,
    null::varchar as postcode,
    null::varchar as country
from {{ ref('stg_loyalty__members') }}
union all
select
    'shopify:customer:' || customer_ref as record_id,
    given_name,
    family_name,
    null::varchar as full_name,
    null::varchar as birthday,
    null::varchar as gender,
    street,
    city,
    region,
    postcode,
    country
from {{ ref('stg_shopify__customers') }}
union all
select
    'crm:contact:' || customer_ref as record_id,
    null::varchar as given_name,
    null::varchar as family_name,
    full_name,
    birthday,
    gender,
    street,
    city,
    region,
    postcode,
    null::varchar as country
from {{ ref('stg_crm__contacts') }}
