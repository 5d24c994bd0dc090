-- Is anybody contacted more often than a contact policy allows, over all channels, earlier sealed nights
-- and the retailer's own letters and messages? Counted from the raw ledger; an id's contacts
-- go along with the record for which it was issued: to the person it was merged into, and back if that is undone.
-- A message that carries a released treatment within a week, one per release, is that release.
-- needs: audience, earlier_exports, fct_contacts, fct_message_events, person_ids, person_members, seed_channels, seed_contact_policies
with heirs as (

    select distinct person_ids.person_id as earlier_id, person_members.person_id
    from person_ids
    inner join person_members on person_ids.founding_record_id = person_members.record_id
    where person_ids.person_id <> person_members.person_id

),

releases as (

    select person_id, channel_code, treatment_id, as_of_date, decision_id from earlier_exports
    union all
    select heirs.person_id, channel_code, treatment_id, as_of_date, decision_id
    from earlier_exports
    inner join heirs on earlier_exports.person_id = heirs.earlier_id

),

messages as (

    select message_event_id, person_id, channel_code, campaign_id, event_at, event_date
    from fct_message_events
    where event_code = 'sent'

),

carried_out as (

    select person_id, decision_id, arg_min(message_event_id, (event_at, message_event_id)) as message_event_id
    from (
        select
            messages.person_id,
            messages.message_event_id,
            messages.event_at,
            arg_max(releases.decision_id, (releases.as_of_date, releases.decision_id)) as decision_id
        from messages
        inner join releases
            on messages.person_id = releases.person_id
            and messages.channel_code = releases.channel_code
            and messages.campaign_id = releases.treatment_id
            and messages.event_date - releases.as_of_date between 0 and 6
        group by all
    )
    group by person_id, decision_id

),

contacts as (

    select person_id, channel_code, contacted_date, 'campaign' as origin from fct_contacts
    union all
    select person_id, channel_code, event_date, 'campaign'
    from messages
    anti join carried_out using (person_id, message_event_id)
    union all
    select person_id, channel_code, as_of_date, 'nightmarket' from releases

),

policies as (

    select
        *,
        try_cast(window_days as integer) as days,
        try_cast(max_contact_count as integer) as most
    from seed_contact_policies

),

rows_under_policy as (

    select
        audience.decision_id,
        audience.person_id,
        policies.contact_policy_id,
        policies.channel_code as policy_channel,
        policies.origin,
        policies.days,
        policies.most
    from audience
    left join policies on policies.channel_code in ('*', audience.channel_code)

),

tonight as (

    select under.decision_id, under.contact_policy_id, count(*) as contact_count
    from rows_under_policy as under
    inner join audience
        on under.person_id = audience.person_id and under.policy_channel in ('*', audience.channel_code)
    group by under.decision_id, under.contact_policy_id

),

before as (

    select under.decision_id, under.contact_policy_id, count(*) as contact_count
    from rows_under_policy as under
    cross join run
    inner join contacts
        on under.person_id = contacts.person_id
        and under.policy_channel in ('*', contacts.channel_code)
        and under.origin in ('*', contacts.origin)
        and contacts.contacted_date >= run.as_of_date - under.days
        and contacts.contacted_date < run.as_of_date
    group by under.decision_id, under.contact_policy_id

)

select
    under.decision_id,
    format(
        '{}: {} contacts before and {} tonight in {} days, at most {}',
        coalesce(under.contact_policy_id, 'no policy covers the channel'),
        coalesce(before.contact_count, 0),
        coalesce(tonight.contact_count, 0),
        coalesce(under.days::varchar, 'unknown'),
        coalesce(under.most::varchar, 'unknown')
    ) as reason
from rows_under_policy as under
left join tonight
    on under.decision_id = tonight.decision_id and under.contact_policy_id = tonight.contact_policy_id
left join before
    on under.decision_id = before.decision_id and under.contact_policy_id = before.contact_policy_id
where not coalesce(
    under.days > 0 and tonight.contact_count + coalesce(before.contact_count, 0) <= under.most,
    false
)

union all

select
    contact_policy_id,
    'the policy names channel ' || channel_code || ' and origin ' || origin || ', which do not exist' as reason
from seed_contact_policies
where not coalesce(
    channel_code in (select '*' union all select channel_code from seed_channels)
    and origin in ('*', 'campaign', 'nightmarket'),
    false
)
order by 1, 2
