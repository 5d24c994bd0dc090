-- Does marketing go to anybody who waits for an answer to a complaint?
-- Read from the tickets themselves: the last change of each that was delivered before the night, whose requester's
-- account leads to the person or, if it leads to nobody, whose address does. A mood that nobody could tell counts as bad.
-- A file of tickets that could not be read, and was not delivered again since, may hold anybody's complaint.
-- needs: audience, identity_records, loads, person_members, seed_actions, zendesk_tickets
with known as (

    select tickets.*
    from zendesk_tickets as tickets
    cross join run
    where tickets.known_date < run.as_of_date
    qualify row_number() over (partition by tickets.id order by tickets.updated_at desc) = 1

),

waiting as (

    select
        known.id,
        members.person_id as account_person_id,
        lower(trim(known.requester_email)) as email
    from known
    left join person_members as members on members.record_id = 'shopify:customer:' || known.requester_external_id
    where known.status not in ('solved', 'closed')
        and coalesce(known.sentiment < 0, true)

),

persons as (

    select account_person_id as person_id, id from waiting
    union
    select members.person_id, waiting.id
    from waiting
    inner join identity_records as records on lower(trim(records.email)) = waiting.email
    inner join person_members as members on records.record_id = members.record_id
    where waiting.account_person_id is null

),

files as (

    select
        split_part(file, '/', -1) as name,
        delivered_date,
        status = 'refused_file' as is_refused
    from loads
    where source_code = 'zendesk' and table_name = 'tickets'

),

unread as (

    select min(refused.name) as name
    from files as refused
    where refused.is_refused
        and not exists (
            select 1 from files as later
            where not later.is_refused
                and later.name = refused.name
                and later.delivered_date > refused.delivered_date
        )

),

marketing as (

    select audience.decision_id, audience.person_id
    from audience
    left join seed_actions as actions on audience.action_id = actions.action_id
    where coalesce(actions.purpose_code, 'marketing') = 'marketing'

)

select
    marketing.decision_id,
    coalesce('waits for an answer to complaint ' || min(persons.id), 'file ' || min(unread.name) || ' was not read')
        as reason
from marketing
left join persons on marketing.person_id = persons.person_id
cross join unread
where persons.id is not null or unread.name is not null
group by marketing.decision_id
order by marketing.decision_id
