-- One row per person and night: what was chosen, `none` included. Renames; decides nothing.
with source as (

    select * from {{ source('ledger', 'decisions') }}
    where {{ decided_by_cutoff() }}

)

select
    -- keys
    as_of_date,
    decision_id,
    person_id,
    treatment_id,
    action_id,
    offer_id,
    channel_code,

    -- attributes
    department_name,
    uplift_basis,
    is_exploration,
    solved_treatment_id,
    holdout_arm,
    reason_code,
    reasons,
    runner_ups,
    approval,
    policy_hash,
    model_versions,

    -- measures
    base_probability,
    uplift_probability,
    discount_rate,
    contact_cost_amount,
    discount_cost_amount,
    fatigue_cost_amount,
    value_amount,
    assignment_probability,
    solved_probability,
    nothing_probability
from source
