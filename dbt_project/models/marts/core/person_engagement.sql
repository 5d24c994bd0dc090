-- One row per person of whom another source than orders tells something: tickets, points, feedback, visits.
with tickets as (

    select
        person_id,
        count(*) as open_ticket_count,
        sum(case when is_negative then 1 else 0 end) as open_complaint_count
    from {{ ref('fct_support_tickets') }}
    where is_latest
        and is_open
    group by person_id

),

points as (

    select person_id, sum(point_count) as points_balance
    from {{ ref('fct_points') }}
    group by person_id

),

feedback as (

    select
        person_id,
        nps_score,
        star_count,
        row_number() over (
            partition by person_id, feedback_code
            order by coalesce(responded_date, known_date) desc, feedback_id desc
        ) as place
    from {{ ref('fct_feedback') }}
    where person_id is not null

),

last_words as (

    select person_id, max(nps_score) as last_nps_score, max(star_count) as last_star_count
    from feedback
    where place = 1
    group by person_id

),

visits as (

    select
        person_id,
        max(session_date) as last_web_visit_date,
        sum(case when session_date >= {{ as_of_date(-28) }} then 1 else 0 end) as web_session_count_28d
    from {{ ref('fct_web_sessions') }}
    where session_date < {{ as_of_date() }}
    group by person_id

),

persons as (

    select person_id from tickets
    union
    select person_id from points
    union
    select person_id from last_words
    union
    select person_id from visits

)

select
    -- keys
    persons.person_id,

    -- service
    coalesce(tickets.open_ticket_count, 0)::integer as open_ticket_count,
    coalesce(tickets.open_complaint_count, 0) > 0 as has_open_complaint,

    -- loyalty and feedback; null: nothing is known
    points.points_balance::bigint as points_balance,
    last_words.last_nps_score,
    last_words.last_star_count,

    -- visits
    visits.last_web_visit_date,
    coalesce(visits.web_session_count_28d, 0)::integer as web_session_count_28d
from persons
left join tickets on persons.person_id = tickets.person_id
left join points on persons.person_id = points.person_id
left join last_words on persons.person_id = last_words.person_id
left join visits on persons.person_id = visits.person_id
where persons.person_id is not null
