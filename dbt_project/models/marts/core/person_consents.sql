-- One row per person, channel and purpose about which the person has spoken: may we, as of this night?
-- The last word of each record holds; over the records of one person the most restrictive word does. Who unsubscribed or
-- complained of spam has said no until a later yes.
with events as (

    select
        *,
        -- of words of one moment a no comes last
        row_number() over (
            partition by record_id, channel_code, purpose_code
            order by stated_at desc, is_granted, consent_event_id
        ) as place
    from {{ ref('stg_consent__events') }}

),

members as (

    select * from {{ ref('person_members') }}

),

last_words as (

    select members.person_id, events.*
    from events
    inner join members on events.record_id = members.record_id
    where events.place = 1

),

last_yes as (

    select person_id, channel_code, purpose_code, max(stated_at) as stated_at
    from last_words
    where is_granted
    group by person_id, channel_code, purpose_code

),

words as (

    select
        person_id,
        channel_code,
        purpose_code,
        is_granted,
        consent_event_id,
        told_through,
        policy_version,
        jurisdiction_code,
        stated_at,
        known_date
    from last_words
    union all
    select
        left_messages.person_id,
        left_messages.channel_code,
        'marketing' as purpose_code,
        false as is_granted,
        left_messages.message_event_id as consent_event_id,
        left_messages.event_code as told_through,
        null::varchar as policy_version,
        null::varchar as jurisdiction_code,
        left_messages.event_at as stated_at,
        left_messages.known_date
    from {{ ref('fct_message_events') }} as left_messages
    left join last_yes
        on left_messages.person_id = last_yes.person_id
        and left_messages.channel_code = last_yes.channel_code
        and last_yes.purpose_code = 'marketing'
    where left_messages.event_code in ('unsubscribed', 'marked_as_spam')
        and left_messages.person_id is not null
        and (last_yes.stated_at is null or left_messages.event_at >= last_yes.stated_at)

),

ranked as (

    select
        *,
        -- a no comes first, and else the latest yes: the row that decides
        row_number() over (
            partition by person_id, channel_code, purpose_code
            order by is_granted, stated_at desc, consent_event_id
        ) as place
    from words

)

select
    -- keys
    person_id,
    channel_code,
    purpose_code,

    -- attributes
    is_granted,
    consent_event_id,
    told_through,
    policy_version,
    jurisdiction_code,

    -- times
    stated_at,
    known_date
from ranked
where place = 1
