-- One row per web account, as the last export describes it. Renames; decides nothing.
with latest as (

    {{ latest_versions(source('shopify', 'customers'), "replace(customer_id, '''', '')") }}

)

select
    -- keys
    replace(customer_id, '''', '') as customer_ref,
    {{ email_key('email') }} as email,
    {{ phone_key('phone') }} as phone,

    -- attributes
    first_name as given_name,
    last_name as family_name,
    street,
    city,
    province_code as region,
    replace(zip, '''', '') as postcode,
    country_code as country,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    first_known_date,
    known_at,
    known_date
from latest
