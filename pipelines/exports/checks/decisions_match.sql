-- Does every row say what the ledger decided, and does every released decision stand in exactly one file?
-- needs: audience, decisions, run
with decided as (

    select
        *,
        row_number() over (partition by channel_code order by value_amount desc, decision_id) as priority_rank
    from decisions
    where treatment_id is distinct from 'none' and approval is distinct from 'pending'

),

written as (

    select decision_id, count(*) as row_count
    from audience
    group by decision_id

)

select
    audience.decision_id,
    case when decided.decision_id is null then 'no such decision' else 'differs from the ledger' end as reason
from audience
cross join run
left join decided on audience.decision_id = decided.decision_id
where not coalesce(
    audience.person_id = decided.person_id
    and audience.channel_code = decided.channel_code
    and audience.action_id = decided.action_id
    and audience.treatment_id = decided.treatment_id
    and audience.offer_id = decided.offer_id
    and try_cast(audience.discount_rate as double) = decided.discount_rate
    and coalesce(regexp_replace(audience.department_name, '^''', ''), '') = coalesce(
        regexp_replace(decided.department_name, '[\x00-\x1f\x7f-\x{9f}\x{2028}\x{2029}]+', ' ', 'g'), ''
    )
    and try_cast(audience.priority_rank as bigint) = decided.priority_rank
    and decided.as_of_date = run.as_of_date
    and decided.policy_hash = run.policy_hash,
    false
)

union all

select
    decided.decision_id,
    'stands in ' || coalesce(written.row_count, 0) || ' rows of the files' as reason
from decided
left join written on decided.decision_id = written.decision_id
where written.row_count is distinct from 1
order by 1, 2
