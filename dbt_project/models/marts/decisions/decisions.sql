-- One row per person and sealed night, this one included: what was chosen, `none` too.
with decided as (

    select * from {{ ref('stg_ledger__decisions') }}

),

sealed as (

    select * from {{ ref('int_nights__sealed') }}

)

select
    -- keys
    decided.as_of_date,
    decided.decision_id,
    decided.person_id,
    decided.treatment_id,
    decided.action_id,
    decided.offer_id,
    decided.channel_code,

    -- attributes
    decided.department_name,
    decided.uplift_basis,
    decided.is_exploration,
    decided.solved_treatment_id,
    decided.holdout_arm,
    decided.reason_code,
    decided.reasons,
    decided.runner_ups,
    decided.approval,
    decided.policy_hash,
    decided.model_versions,

    -- measures
    decided.base_probability,
    decided.uplift_probability,
    decided.assignment_probability,
    decided.solved_probability,
    decided.nothing_probability,
    decided.discount_rate,
    decided.contact_cost_amount,
    decided.discount_cost_amount,
    decided.fatigue_cost_amount,
    decided.value_amount
from decided
inner join sealed on decided.as_of_date = sealed.as_of_date
