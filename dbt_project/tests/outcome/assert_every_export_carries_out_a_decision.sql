-- Every released row is one decision of its night, for the person, treatment, channel and discount decided; none twice.
with exports as (

    select * from {{ ref('stg_ledger__exports') }}
    where as_of_date in (select as_of_date from {{ ref('int_nights__sealed') }})

),

decisions as (

    select * from {{ ref('decisions') }}

),

repeated as (

    select decision_id from exports
    group by decision_id
    having count(*) > 1

)

select exports.as_of_date, exports.channel_code, exports.file_row_number, exports.decision_id
from exports
left join decisions on exports.decision_id = decisions.decision_id
left join repeated on exports.decision_id = repeated.decision_id
where repeated.decision_id is not null
    or decisions.as_of_date is distinct from exports.as_of_date
    or decisions.person_id is distinct from exports.person_id
    or decisions.treatment_id is distinct from exports.treatment_id
    or decisions.channel_code is distinct from exports.channel_code
    or decisions.discount_rate is distinct from exports.discount_rate
    or decisions.discount_cost_amount is distinct from exports.discount_cost_amount
    or decisions.treatment_id = 'none'
    or coalesce(decisions.approval, 'unknown') not in ('not_required', 'approved')
