-- One row per survey answer or product review. An address that leads to several persons leads to nobody. Never changes.
with addresses as (

    select * from {{ ref('person_addresses') }}
    where person_count = 1

),

members as (

    select * from {{ ref('person_members') }}

),

said as (

    select
        'nps' as feedback_code,
        answers.feedback_ref,
        null::varchar as record_id,
        addresses.person_id,
        null::varchar as product_id,
        answers.nps_score,
        null::integer as star_count,
        answers.responded_date,
        answers.known_at,
        answers.known_date
    from {{ ref('stg_feedback__nps') }} as answers
    left join addresses on answers.email = addresses.email
    union all
    select
        'review' as feedback_code,
        reviews.feedback_ref,
        reviews.record_id,
        members.person_id,
        reviews.product_id,
        null::integer as nps_score,
        reviews.star_count,
        reviews.responded_date,
        reviews.known_at,
        reviews.known_date
    from {{ ref('stg_feedback__reviews') }} as reviews
    left join members on reviews.record_id = members.record_id

)

select
    -- keys
    feedback_code || ':' || feedback_ref as feedback_id,
    record_id,
    person_id,
    product_id,

    -- attributes
    feedback_code,

    -- measures
    nps_score,
    star_count,

    -- times
    responded_date,
    known_at,
    known_date
from said
