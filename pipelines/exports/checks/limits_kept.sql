-- Do tonight's files together stay within every budget and capacity? Costs come from the seeds and the ledger.
-- needs: audience, decisions, seed_actions, seed_channels, seed_limits
with rows_with_cost as (

    select
        audience.channel_code,
        audience.action_id,
        1::decimal(18, 4) as contact_count,
        decisions.discount_cost_amount::decimal(18, 4) as discount_cost_amount,
        (try_cast(channels.contact_cost_amount as decimal(18, 4)) + decisions.discount_cost_amount)::decimal(18, 4)
            as cost_amount
    from audience
    left join decisions on audience.decision_id = decisions.decision_id
    left join seed_channels as channels on audience.channel_code = channels.channel_code

),

used as (

    select
        limits.limit_name,
        limits.measure,
        try_cast(limits.limit_amount as decimal(18, 4)) as most,
        count(rows_with_cost.channel_code) as row_count,
        count(
            case limits.measure
                when 'contact_count' then rows_with_cost.contact_count
                when 'cost_amount' then rows_with_cost.cost_amount
                when 'discount_cost_amount' then rows_with_cost.discount_cost_amount
            end
        ) as known_count,
        coalesce(sum(
            case limits.measure
                when 'contact_count' then rows_with_cost.contact_count
                when 'cost_amount' then rows_with_cost.cost_amount
                when 'discount_cost_amount' then rows_with_cost.discount_cost_amount
            end
        ), 0) as amount
    from seed_limits as limits
    left join rows_with_cost
        on limits.channel_code in ('*', rows_with_cost.channel_code)
        and limits.action_id in ('*', rows_with_cost.action_id)
    group by limits.limit_name, limits.measure, limits.limit_amount

)

select
    limit_name,
    format(
        '{} used {} ({} of {} rows known), at most {}',
        measure, amount, known_count, row_count, coalesce(most::varchar, 'unknown')
    ) as reason
from used
where not coalesce(amount <= most and known_count = row_count, false)

union all

select
    limit_name,
    format('the limit names {}, {}, {}: one of them does not exist', measure, channel_code, action_id) as reason
from seed_limits
where not coalesce(
    measure in ('contact_count', 'cost_amount', 'discount_cost_amount')
    and channel_code in (select '*' union all select channel_code from seed_channels)
    and action_id in (select '*' union all select action_id from seed_actions),
    false
)

union all

select
    audience.decision_id,
    'no limit covers ' || audience.channel_code || ' and ' || audience.action_id as reason
from audience
where not exists (
    select 1 from seed_limits as limits
    where limits.channel_code in ('*', audience.channel_code) and limits.action_id in ('*', audience.action_id)
)
order by 1, 2
