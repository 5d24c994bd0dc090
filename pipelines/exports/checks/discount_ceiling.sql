-- Is anybody given more expected discount than a ceiling allows, earlier sealed nights included?
-- A row without a discount gives nothing, so it cannot break a ceiling that was lowered since.
-- needs: audience, decisions, earlier_exports, person_ids, person_members, seed_channels, seed_discount_ceilings
with heirs as (

    select distinct person_ids.person_id as earlier_id, person_members.person_id
    from person_ids
    inner join person_members on person_ids.founding_record_id = person_members.record_id
    where person_ids.person_id <> person_members.person_id

),

discounts as (

    select person_id, channel_code, as_of_date, discount_cost_amount from earlier_exports
    union all
    select
        heirs.person_id,
        earlier_exports.channel_code,
        earlier_exports.as_of_date,
        earlier_exports.discount_cost_amount
    from earlier_exports
    inner join heirs on earlier_exports.person_id = heirs.earlier_id
    union all
    select audience.person_id, audience.channel_code, run.as_of_date, decisions.discount_cost_amount
    from audience
    cross join run
    left join decisions on audience.decision_id = decisions.decision_id

),

rows_under_ceiling as (

    select
        audience.decision_id,
        audience.person_id,
        ceilings.ceiling_id,
        ceilings.channel_code as ceiling_channel,
        try_cast(ceilings.window_days as integer) as days,
        try_cast(ceilings.max_discount_amount as decimal(18, 4)) as most
    from audience
    left join seed_discount_ceilings as ceilings on ceilings.channel_code in ('*', audience.channel_code)
    where not coalesce(try_cast(audience.discount_rate as decimal(9, 6)) = 0, false)

),

given as (

    select
        under.decision_id,
        under.ceiling_id,
        any_value(under.most) as most,
        sum(discounts.discount_cost_amount) as amount,
        count(*) - count(discounts.discount_cost_amount) as unknown_count
    from rows_under_ceiling as under
    cross join run
    left join discounts
        on under.person_id = discounts.person_id
        and under.ceiling_channel in ('*', discounts.channel_code)
        and discounts.as_of_date >= run.as_of_date - under.days
        and discounts.as_of_date <= run.as_of_date
    group by under.decision_id, under.ceiling_id

)

select
    decision_id,
    format(
        '{}: {} in the window ({} contacts of unknown discount), at most {}',
        coalesce(ceiling_id, 'no ceiling covers the channel'),
        coalesce(amount::varchar, 'unknown'),
        unknown_count,
        coalesce(most::varchar, 'unknown')
    ) as reason
from given
where not coalesce(amount <= most and unknown_count = 0, false)

union all

select
    ceiling_id,
    'the ceiling names channel ' || channel_code || ', which does not exist' as reason
from seed_discount_ceilings
where not coalesce(channel_code in (select '*' union all select channel_code from seed_channels), false)
order by 1, 2
