-- One row per contact of the call centre, as last changed. Renames; decides nothing.
with latest as (

    {{ latest_versions(source('crm', 'contacts'), 'contact_id', 'updated_at') }}

)

select
    -- keys
    contact_id as customer_ref,
    {{ email_key('email') }} as email,
    {{ phone_key('phone') }} as phone,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    first_known_date,
    known_at,
    known_date
from latest
