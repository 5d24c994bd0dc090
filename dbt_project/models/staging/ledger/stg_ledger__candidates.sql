-- One row per person and treatment weighed in a night. Renames; decides nothing.
with source as (

    select * from {{ source('ledger', 'candidates') }}
    where {{ decided_by_cutoff() }}

)

select
    -- keys
    as_of_date,
    person_id,
    treatment_id,
    action_id,
    offer_id,
    channel_code,

    -- attributes
    department_name,
    uplift_basis,
    reason_codes,
    is_eligible,

    -- measures
    base_probability,
    uplift_probability,
    discount_rate,
    contact_cost_amount,
    discount_cost_amount,
    fatigue_cost_amount,
    value_amount
from source
