-- No fact happened or was known on the night's day or later; only a planned letter may lie ahead.
with facts as (

    select 'order line' as fact, ordered_date as event_date, known_date from {{ ref('fct_order_lines') }}
    union all
    select 'return' as fact, returned_date as event_date, known_date from {{ ref('fct_returns') }}
    union all
    select 'redemption' as fact, redeemed_date as event_date, known_date from {{ ref('fct_redemptions') }}
    union all
    select 'message' as fact, event_date, known_date from {{ ref('fct_message_events') }}
    union all
    select 'ticket' as fact, updated_date as event_date, known_date from {{ ref('fct_support_tickets') }}
    union all
    select 'stock' as fact, snapshot_date as event_date, known_date from {{ ref('fct_stock_daily') }}
    union all
    select 'points' as fact, entered_date as event_date, known_date from {{ ref('fct_points') }}
    union all
    select 'feedback' as fact, responded_date as event_date, known_date from {{ ref('fct_feedback') }}
    union all
    select 'visit' as fact, session_date as event_date, known_date from {{ ref('fct_web_sessions') }}
    union all
    select 'exposure' as fact, exposed_date as event_date, known_date from {{ ref('fct_media_exposures') }}
    union all
    select 'spend' as fact, spend_date as event_date, known_date from {{ ref('fct_media_spend') }}
    union all
    select 'letter' as fact, null::date as event_date, known_date from {{ ref('fct_contacts') }}
    union all
    select 'contact' as fact, contacted_date as event_date, contacted_date as known_date
    from {{ ref('contact_history') }}

)

select * from facts
where event_date >= {{ as_of_date() }}
    or known_date >= {{ as_of_date() }}
    or known_date is null
