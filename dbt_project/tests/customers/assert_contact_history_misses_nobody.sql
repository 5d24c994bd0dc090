-- Letters and messages of persons that went out before this night, and rows of earlier sealed nights, are all in the
-- history; a message that carries out a row is the row.
with expected as (

    select count(*) as contact_count from {{ ref('fct_contacts') }}
    where person_id is not null
        and contacted_date < {{ as_of_date() }}
    union all
    select count(*) - count(answered_decision_id) as contact_count from {{ ref('fct_message_events') }}
    where person_id is not null
        and event_code = 'sent'
        and event_date < {{ as_of_date() }}
    union all
    select count(*) as contact_count from {{ ref('stg_ledger__exports') }}
    where as_of_date < {{ as_of_date() }}
        and as_of_date in (select as_of_date from {{ ref('stg_ledger__nights') }})

),

expected_total as (

    select sum(contact_count) as contact_count from expected

),

found as (

    select count(*) as contact_count from {{ ref('contact_history') }}

)

select found.contact_count, expected_total.contact_count as expected_contact_count
from found
cross join expected_total
where found.contact_count <> expected_total.contact_count
