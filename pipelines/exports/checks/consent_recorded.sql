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

said as (

    select
        members.person_id,
        members.record_id,
        events.event_id,
        events.channel,
        if(ends_with(events.purpose, 'marketing'), 'marketing', events.purpose) as purpose,
        events.state,
        events.event_at
    from consent_events as events
    cross join run
    inner join person_members as members
        on members.record_id = replace(events.subject_type, '_', ':') || ':' || events.subject_id
    where events.known_date < run.as_of_date
        and members.person_id in (select person_id from asked)

),

last_words as (

    select said.*
    from said
    where not exists (
        select 1 from said as later
        where later.record_id = said.record_id
            and later.channel = said.channel
            and later.purpose = said.purpose
            and later.event_at > said.event_at
    )

),

left_by_message as (

    select members.person_id, split_part(events.event_type, '.', 3) as channel, max(events.event_at) as left_at
    from messaging_events as events
    cross join run
    inner join identity_records as records
        on records.record_id = 'loyalty:member:' || events.external_user_id
        or records.email = lower(trim(events.email_address))
    inner join person_members as members on records.record_id = members.record_id
    where regexp_matches(events.event_type, '[.](Unsubscribe|MarkAsSpam)$')
        and events.known_date < run.as_of_date
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
        and asked.purpose_code = words.purpose
    left join left_by_message
        on asked.person_id = left_by_message.person_id
        and asked.purpose_code = 'marketing'
        and asked.channel_code = replace(left_by_message.channel, 'pushnotification', 'app_push')
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
