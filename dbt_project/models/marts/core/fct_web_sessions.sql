-- One row per session and day of a device: what was done, and by whom.
-- Who signed in is the account's person. Whoever did not is the one person whose accounts were ever signed in on the
-- device, before or since; a device of several persons, and one without consent, is nobody's.
with sessions as (

    select
        device_ref,
        session_ref,
        event_date,
        min(record_id) as first_record_id,
        max(record_id) as last_record_id,
        count(*) as event_count,
        sum(case when event_code = 'view_item' then 1 else 0 end) as product_view_count,
        min(event_at) as started_at,
        max(known_at) as known_at,
        max(known_date) as known_date
    from {{ ref('stg_ga4__events') }}
    group by device_ref, session_ref, event_date

),

-- a purchase page that is loaded again tells its order again
purchases as (

    select device_ref, session_ref, event_date, count(distinct transaction_ref) as purchase_count
    from {{ ref('stg_ga4__events') }}
    where event_code = 'purchase'
    group by device_ref, session_ref, event_date

),

members as (

    select * from {{ ref('person_members') }}

),

signed_in as (

    select device_ref, first_record_id as record_id from sessions
    where device_ref is not null
        and first_record_id is not null
    union
    select device_ref, last_record_id as record_id from sessions
    where device_ref is not null
        and last_record_id is not null

),

devices as (

    select
        signed_in.device_ref,
        min(members.person_id) as person_id
    from signed_in
    left join members on signed_in.record_id = members.record_id
    group by signed_in.device_ref
    -- an account of which nobody knows whose it is may be another person's
    having count(distinct coalesce(members.person_id, signed_in.record_id)) = 1

)

select
    -- keys
    sha256(coalesce(sessions.device_ref, '') || ':' || sessions.session_ref)
    || ':' || coalesce(sessions.event_date::varchar, '') as web_session_id,
    sha256('device:' || sessions.device_ref) as device_hash,
    case when sessions.first_record_id = sessions.last_record_id then sessions.first_record_id end as record_id,
    case
        when sessions.first_record_id is null then devices.person_id
        when sessions.first_record_id = sessions.last_record_id then members.person_id
    end as person_id,

    -- attributes
    sessions.first_record_id is not null as is_signed_in,

    -- measures
    sessions.event_count::integer as event_count,
    sessions.product_view_count::integer as product_view_count,
    coalesce(purchases.purchase_count, 0)::integer as purchase_count,

    -- times
    sessions.started_at,
    sessions.event_date as session_date,
    sessions.known_at,
    sessions.known_date
from sessions
left join members on sessions.first_record_id = members.record_id
left join devices on sessions.device_ref = devices.device_ref
left join purchases
    on sessions.session_ref = purchases.session_ref
    and sessions.device_ref is not distinct from purchases.device_ref
    and sessions.event_date is not distinct from purchases.event_date
