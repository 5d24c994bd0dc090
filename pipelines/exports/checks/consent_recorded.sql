-- Where the settings ask for a recorded opt-in: is the named statement a yes of this person, has no record of the person
-- said anything else at that record's last word, has nobody left by a message since, and are the logs whole? Read from
-- the logs as landing accepted them.
-- needs: audience, consent_events, identity_records, loads, messaging_events, person_members, run, seed_actions
-- needs: seed_consents
with asked as (

    select
        audience.decision_id,
        audience.person_id,
        audience.channel_code,
        audience.consent_evidence,
        actions.purpose_code
    from audience
    inner join seed_actions as actions on audience.action_id = actions.action_id
    inner join seed_consents as consents
        on audience.channel_code = consents.channel_code and actions.purpose_code = consents.purpose_code
    where consents.consent_basis = 'recorded_opt_in'

),

last_words as (

    select
        members.person_id,
        members.record_id,
        events.event_id,
        events.channel,
        if(ends_with(events.purpose, 'marketing'), 'marketing', events.purpose) as purpose_code,
        events.state,
        events.event_at
    from consent_events as events
    cross join run
    inner join person_members as members
        on members.record_id = replace(events.subject_type, '_', ':') || ':' || events.subject_id
    where events.known_date < run.as_of_date
        and members.person_id in (select person_id from asked)
    -- all words of a record's last moment count
    qualify events.event_at = max(events.event_at) over (partition by members.record_id, events.channel, purpose_code)

),

goodbyes as (

    select
        replace(split_part(messages.event_type, '.', 3), 'pushnotification', 'app_push') as channel,
        messages.event_at,
        unnest(['loyalty:member:' || messages.external_user_id, lower(trim(messages.email_address))]) as address
    from messaging_events as messages
    cross join run
    where regexp_matches(messages.event_type, '[.](Unsubscribe|MarkAsSpam)$') and messages.known_date < run.as_of_date

),

left_by_message as (

    select members.person_id, goodbyes.channel, max(goodbyes.event_at) as left_at
    from goodbyes
    inner join (
        select record_id, record_id as address from identity_records
        union all
        select record_id, email from identity_records
    ) as records on goodbyes.address = records.address
    inner join person_members as members on records.record_id = members.record_id
    group by all

),

log_files as (

    select
        source_code,
        split_part(file, '/', -1) as name,
        delivered_date,
        refused_row_count = 0 and status is distinct from 'refused_file' as is_whole
    from loads
    where source_code in ('consent', 'messaging') and table_name = 'events'

),

log_problems as (

    select 'an unread file may hold a withdrawal: ' || broken.source_code || ', ' || broken.name as problem
    from log_files as broken
    where not coalesce(broken.is_whole, false)
        and not exists (
            select 1 from log_files as corrected
            where corrected.is_whole
                and corrected.source_code = broken.source_code
                and corrected.name = broken.name
                and corrected.delivered_date > broken.delivered_date
        )
    union all
    select 'the consent log ends on ' || max(log_files.delivered_date)
    from log_files
    cross join run
    where log_files.is_whole and log_files.source_code = 'consent'
    group by run.as_of_date, run.consent_max_age_days
    having max(log_files.delivered_date) < run.as_of_date - run.consent_max_age_days

),

judged as (

    select
        asked.decision_id,
        asked.consent_evidence,
        count(words.event_id) as word_count,
        count(words.event_id) filter (words.state is distinct from 'granted') as refusal_count,
        max(words.event_at) as last_said_at,
        max(left_by_message.left_at) as left_at,
        count(words.event_id) filter (asked.consent_evidence = 'recorded:' || words.event_id) as named_count
    from asked
    left join last_words as words
        on asked.person_id = words.person_id
        and asked.channel_code = words.channel
        and asked.purpose_code = words.purpose_code
    left join left_by_message
        on asked.person_id = left_by_message.person_id
        and asked.purpose_code = 'marketing'
        and asked.channel_code = left_by_message.channel
    group by asked.decision_id, asked.consent_evidence

)

select
    judged.decision_id,
    coalesce(
        problems.problem,
        format(
            '{} records spoke, {} of them said no, {} is {} of their words, left by a message: {}',
            judged.word_count, judged.refusal_count, coalesce(judged.consent_evidence, 'nothing'), judged.named_count,
            coalesce(judged.left_at::varchar, 'never')
        )
    ) as reason
from judged
left join (select min(problem) as problem from log_problems) as problems on true
where not coalesce(
    judged.word_count > 0
    and judged.refusal_count = 0
    and judged.named_count = 1
    and (judged.left_at is null or judged.left_at < judged.last_said_at)
    and problems.problem is null,
    false
)
order by judged.decision_id
