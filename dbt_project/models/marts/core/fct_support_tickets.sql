-- One row per change of a support ticket and person to whom its requester leads. What a row says never changes; the last
-- change of a ticket is its state as of this night. An account leads to one person; an address without one, or whose
-- account is unresolved, counts for each person who has it: nobody's complaint is missed.
with changes as (

    select
        *,
        row_number() over (partition by ticket_id order by updated_at desc) as place_from_end
    from {{ ref('stg_zendesk__tickets') }}

),

members as (

    select * from {{ ref('person_members') }}

),

addresses as (

    select * from {{ ref('person_addresses') }}

)

select
    -- keys
    changes.ticket_id || ':' || changes.updated_at::varchar || ':'
    || coalesce(members.person_id, addresses.person_id, '') as ticket_change_id,
    changes.ticket_id,
    changes.record_id,
    coalesce(members.person_id, addresses.person_id) as person_id,

    -- attributes
    changes.place_from_end = 1 as is_latest,
    changes.status_code,
    changes.priority_code,
    changes.asked_through,
    changes.sentiment,
    changes.is_open,
    changes.is_negative,

    -- times
    changes.opened_at,
    changes.updated_at,
    changes.updated_date,
    changes.known_at,
    changes.known_date
from changes
left join members on changes.record_id = members.record_id
left join addresses on members.person_id is null and changes.email = addresses.email
