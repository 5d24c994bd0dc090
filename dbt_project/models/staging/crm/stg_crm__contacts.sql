-- One row per contact of the call centre, as last changed. Renames; decides nothing.
with latest as (

    {{ latest_versions(source('crm', 'contacts'), 'contact_id', 'updated_at') }}

)

select
    -- keys
    contact_id as customer_ref,
    {{ email_key('email') }} as email,
    {{ phone_key('phone') }} as phone,

    -- attributes
    full_name,
    birth_date as birthday,
    case salutation when 'Mr' then 'male' when 'Ms' then 'female' end as gender,
    -- counted from the end: what was left out is missing at the beginning
    {{ comma_part('address', -4) }} as street,
    {{ comma_part('address', -3) }} as city,
    {{ comma_part('address', -2) }} as region,
    {{ comma_part('address', -1) }} as postcode,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    first_known_date,
    known_at,
    known_date
from latest
