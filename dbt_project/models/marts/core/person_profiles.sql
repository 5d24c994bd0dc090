-- One row per person whose household the retailer described; of several descriptions the one known last holds.
with households as (

    select
        *,
        'crm:household:' || customer_ref as record_id
    from {{ ref('stg_crm__households') }}

),

members as (

    select * from {{ ref('person_members') }}

),

described as (

    select
        members.person_id,
        households.*,
        row_number() over (
            partition by members.person_id
            order by households.known_date desc, households.record_id
        ) as place
    from households
    inner join members on households.record_id = members.record_id

)

select
    -- keys
    person_id,

    -- attributes
    age_band,
    income_band,
    home_ownership,
    marital_status,
    household_size,
    household_composition,
    kids_count,

    -- times
    known_date as profile_known_date
from described
where place = 1
