-- One row per person and treatment that was weighed and not chosen, in the sealed nights of the last 91 days.
-- Older ones stay in the ledger.
with candidates as (

    select * from {{ ref('stg_ledger__candidates') }}
    where as_of_date > {{ as_of_date(-91) }}

),

sealed as (

    select * from {{ ref('int_nights__sealed') }}

),

decisions as (

    select * from {{ ref('decisions') }}

)

select
    -- keys
    candidates.as_of_date,
    candidates.person_id,
    candidates.treatment_id,
    candidates.action_id,
    candidates.offer_id,
    candidates.channel_code,

    -- attributes
    candidates.department_name,
    case when candidates.is_eligible then 'outbid' else 'blocked' end as rejection_code,
    candidates.reason_codes,

    -- measures
    candidates.base_probability,
    candidates.uplift_probability,
    candidates.discount_rate,
    candidates.contact_cost_amount,
    candidates.discount_cost_amount,
    candidates.fatigue_cost_amount,
    candidates.value_amount
from candidates
inner join sealed on candidates.as_of_date = sealed.as_of_date
left join decisions
    on candidates.as_of_date = decisions.as_of_date
    and candidates.person_id = decisions.person_id
    and candidates.treatment_id = decisions.treatment_id
where decisions.decision_id is null
