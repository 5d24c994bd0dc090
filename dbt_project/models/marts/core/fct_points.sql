-- One row per entry of the points ledger, of the member's person or, if the member is not known, of the card's. Never changes.
with entries as (

    select * from {{ ref('stg_loyalty__points') }}

),

members as (

    select * from {{ ref('person_members') }}

)

select
    -- keys
    entries.entry_id,
    'loyalty:member:' || entries.loyalty_id as record_id,
    coalesce(members.person_id, cards.person_id) as person_id,
    entries.store_id,

    -- attributes
    entries.entry_code,
    entries.reason_code,

    -- measures
    entries.point_count,

    -- times
    entries.entered_at,
    entries.entered_date,
    entries.known_at,
    entries.known_date
from entries
left join members on 'loyalty:member:' || entries.loyalty_id = members.record_id
left join members as cards on 'till:card:' || entries.loyalty_id = cards.record_id
