-- One row per row that this night released to a channel. It names no person: the decision leads there.
with released as (

    select * from {{ ref('stg_ledger__exports') }}
    where as_of_date = {{ as_of_date() }}

),

decisions as (

    select * from {{ ref('decisions') }}
    where as_of_date = {{ as_of_date() }}

)

select
    -- keys
    released.decision_id,
    released.as_of_date,
    released.channel_code,
    released.file_name,
    released.file_row_number,
    decisions.treatment_id,
    decisions.action_id,
    decisions.offer_id,

    -- attributes
    decisions.department_name,
    released.consent_basis,
    released.file_sha256,

    -- measures
    released.discount_rate,
    released.discount_cost_amount,
    decisions.contact_cost_amount,
    decisions.value_amount
from released
inner join decisions on released.decision_id = decisions.decision_id
