-- One row per store, as last described. Renames; decides nothing.
with source as (

    select * from {{ source('stores', 'stores') }}
    where {{ known_by_cutoff() }}

),

versions as (

    select
        *,
        row_number() over (
            partition by store_id
            order by known_date desc, load_id desc, row_number desc
        ) as place
    from source

)

select
    -- keys
    store_id,

    -- attributes
    time_zone as time_zone_name,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    known_at,
    known_date
from versions
where place = 1
