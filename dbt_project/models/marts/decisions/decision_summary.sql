-- One row per night, channel, treatment and reason: how many people, and what it is expected to bring and cost.
with decisions as (

    select * from {{ ref('decisions') }}

)

select
    -- keys
    as_of_date,
    coalesce(channel_code, 'none') as channel_code,
    treatment_id,
    reason_code,

    -- measures
    count(*)::integer as person_count,
    count(*) filter (where is_exploration)::integer as exploration_count,
    sum(coalesce(value_amount, 0))::decimal(18, 4) as value_amount,
    sum(coalesce(contact_cost_amount, 0))::decimal(18, 4) as contact_cost_amount,
    sum(coalesce(discount_cost_amount, 0))::decimal(18, 4) as discount_cost_amount
from decisions
group by as_of_date, coalesce(channel_code, 'none'), treatment_id, reason_code
