-- One row per thing that happened to a message and person whom its address leads to. Never changes.
-- An address of several persons counts for each of them, and whoever leaves leaves for all who have the address, also
-- if the sender names the member: so no cap is missed, and nobody who left is written to.
with events as (

    select * from {{ ref('stg_messaging__events') }}

),

members as (

    select * from {{ ref('person_members') }}

),

addresses as (

    select records.email, members.person_id
    from {{ ref('identity_records') }} as records
    inner join members on records.record_id = members.record_id
    where records.email is not null
    group by records.email, members.person_id

),

addressees as (

    select
        events.message_event_id,
        members.person_id
    from events
    inner join members on events.record_id = members.record_id
    union distinct
    select
        events.message_event_id,
        addresses.person_id
    from events
    inner join addresses on events.email = addresses.email
    left join members on events.record_id = members.record_id
    where members.person_id is null or events.event_code in ('unsubscribed', 'marked_as_spam')

),

addressed as (

    select
        events.*,
        addressees.person_id
    from events
    left join addressees on events.message_event_id = addressees.message_event_id

),

heirs as (

    select * from {{ ref('int_persons__heirs') }}

),

released as (

    select
        exports.decision_id,
        coalesce(heirs.heir_person_id, exports.person_id) as person_id,
        exports.channel_code,
        exports.treatment_id,
        exports.as_of_date
    from {{ ref('stg_ledger__exports') }} as exports
    inner join {{ ref('int_nights__sealed') }} as sealed on exports.as_of_date = sealed.as_of_date
    left join heirs on exports.person_id = heirs.person_id

),

-- a message that carries a released treatment within a week answers the last such release
matched as (

    select
        addressed.message_event_id,
        addressed.person_id,
        addressed.event_at,
        released.decision_id,
        row_number() over (
            partition by addressed.message_event_id, addressed.person_id
            order by released.as_of_date desc, released.decision_id
        ) as place
    from addressed
    inner join released
        on addressed.person_id = released.person_id
        and addressed.channel_code = released.channel_code
        and addressed.campaign_id = released.treatment_id
        and addressed.event_date >= released.as_of_date
        and addressed.event_date < {{ days_after('released.as_of_date', 7) }}
    where addressed.event_code = 'sent'

),

-- and each release is answered once: a second message is one that nobody decided
answers as (

    select
        message_event_id,
        person_id,
        decision_id,
        row_number() over (partition by decision_id order by event_at, message_event_id) as place
    from matched
    where place = 1

)

select
    -- keys
    addressed.message_event_id || ':' || coalesce(addressed.person_id, '') as message_event_person_id,
    addressed.message_event_id,
    addressed.message_id,
    addressed.person_id,
    addressed.campaign_id,
    answers.decision_id as answered_decision_id,

    -- attributes
    addressed.channel_code,
    addressed.event_code,

    -- times
    addressed.event_at,
    addressed.event_date,
    addressed.known_at,
    addressed.known_date
from addressed
left join answers
    on addressed.message_event_id = answers.message_event_id
    and addressed.person_id = answers.person_id
    and answers.place = 1
