-- One row per loyalty member, as last changed. Renames; decides nothing.
with latest as (

    {{ latest_versions(source('loyalty', 'members'), 'member_id', 'updated_at') }}

)

select
    -- keys
    member_id as loyalty_id,
    {{ email_key('email') }} as email,
    {{ phone_key('phone') }} as phone,

    -- attributes
    first_name as given_name,
    last_name as family_name,
    date_of_birth as birthday,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    first_known_date,
    known_at,
    known_date
from latest
