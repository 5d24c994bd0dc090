-- One row per loyalty member, as last changed. Renames; decides nothing.
with source as (

    select * from {{ source('loyalty', 'members') }}
    where {{ known_by_cutoff() }}

),

versions as (

    select
        *,
        min(known_date) over (partition by member_id) as first_known_date,
        row_number() over (
            partition by member_id
            order by updated_at desc, known_date desc, load_id desc, row_number desc
        ) as place
    from source

)

select
    -- keys
    member_id as loyalty_id,
    {{ email_key('email') }} as email,
    {{ phone_key('phone') }} as phone,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    first_known_date,
    known_at,
    known_date
from versions
where place = 1
