-- One row per contact of a person before this night: the retailer's own letters and messages, and what earlier nights
-- released. A message that carries out a release is not counted again.
with campaign_letters as (

    select * from {{ ref('fct_contacts') }}
    where contacted_date < {{ as_of_date() }}
        and person_id is not null

),

messages as (

    select * from {{ ref('fct_message_events') }}
    where event_code = 'sent'
        and answered_decision_id is null
        and event_date < {{ as_of_date() }}
        and person_id is not null

),

released as (

    select * from {{ ref('stg_ledger__exports') }}
    where as_of_date < {{ as_of_date() }}

),

sealed as (

    select * from {{ ref('int_nights__sealed') }}

),

heirs as (

    select * from {{ ref('int_persons__heirs') }}

)

select
    person_id,
    channel_code,
    contacted_date,
    'campaign' as origin,
    contact_id as contact_ref,
    campaign_id,
    null::varchar as treatment_id,
    0::decimal(18, 4) as discount_cost_amount
from campaign_letters

union all

select
    person_id,
    channel_code,
    event_date as contacted_date,
    'campaign' as origin,
    message_event_person_id as contact_ref,
    campaign_id,
    null::varchar as treatment_id,
    0::decimal(18, 4) as discount_cost_amount
from messages

union all

-- a person who was merged since then takes the contacts along, else a merge would lift every cap
select
    coalesce(heirs.heir_person_id, released.person_id) as person_id,
    released.channel_code,
    released.as_of_date as contacted_date,
    'nightmarket' as origin,
    released.decision_id as contact_ref,
    null::varchar as campaign_id,
    released.treatment_id,
    released.discount_cost_amount
from released
inner join sealed on released.as_of_date = sealed.as_of_date
left join heirs on released.person_id = heirs.person_id
