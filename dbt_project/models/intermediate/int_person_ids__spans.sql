-- One row per record and stretch of nights in which it was one person.
-- This night's ids count although the night is not sealed yet; another night's only if it was.
with issued as (

    select * from {{ ref('stg_ledger__person_ids') }}

),

sealed as (

    select * from {{ ref('int_nights__sealed') }}

),

valid as (

    select issued.*
    from issued
    left join sealed on issued.as_of_date = sealed.as_of_date
    where issued.as_of_date = {{ as_of_date() }} or sealed.as_of_date is not null

)

select
    -- keys
    record_id,
    as_of_date as since_date,
    person_id,
    from_person_id,
    founding_record_id,

    -- attributes
    cause as cause_code,
    confidence,
    lead(as_of_date) over (partition by record_id order by as_of_date) as until_date  -- null: still so
from valid
