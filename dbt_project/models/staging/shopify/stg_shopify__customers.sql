-- One row per web account, as the last export describes it. Renames; decides nothing.
with source as (

    select * from {{ source('shopify', 'customers') }}
    where {{ known_by_cutoff() }}

),

versions as (

    select
        *,
        min(known_date) over (partition by customer_id) as first_known_date,
        row_number() over (
            partition by customer_id
            order by known_date desc, load_id desc, row_number desc
        ) as place
    from source

)

select
    -- keys
    replace(customer_id, '''', '') as customer_ref,
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
