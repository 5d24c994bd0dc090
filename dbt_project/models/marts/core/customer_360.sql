-- One row per person: everything known on the morning of `as_of_date`, nothing later.
with activity as (

    select
        *,
        {{ days_between('last_order_date', as_of_date()) }} as days_since_last_order,
        {{ days_between('first_order_date', as_of_date()) }} as days_since_first_order
    from {{ ref('person_activity') }}

),

favourites as (

    select * from {{ ref('person_favourites') }}

),

profiles as (

    select * from {{ ref('person_profiles') }}

),

engagement as (

    select * from {{ ref('person_engagement') }}

),

lifecycle_rules as (

    select * from {{ ref('lifecycle_rules') }}

),

-- a bound whose input is unknown does not match; of the stages that match, the first one holds
stages as (

    select
        activity.person_id,
        lifecycle_rules.stage_code,
        row_number() over (partition by activity.person_id order by lifecycle_rules.priority) as place
    from activity
    inner join lifecycle_rules
        on (
            lifecycle_rules.min_days_since_last_order is null
            or activity.days_since_last_order >= lifecycle_rules.min_days_since_last_order
        )
        and (
            lifecycle_rules.max_days_since_last_order is null
            or activity.days_since_last_order <= lifecycle_rules.max_days_since_last_order
        )
        and (
            lifecycle_rules.max_days_since_first_order is null
            or activity.days_since_first_order <= lifecycle_rules.max_days_since_first_order
        )

)

select
    -- keys
    activity.person_id,
    {{ as_of_date() }} as as_of_date,

    -- identity
    activity.identity_confidence,
    activity.record_count,

    -- orders
    activity.first_order_date,
    activity.last_order_date,
    activity.days_since_last_order,
    activity.days_since_first_order,
    activity.order_count_28d,
    activity.order_count_91d,
    activity.order_count_365d,

    -- money
    activity.net_sales_amount_28d,
    activity.net_sales_amount_91d,
    activity.net_sales_amount_365d,
    activity.gross_margin_amount_365d,
    activity.discount_amount_365d,
    {{ rate_of('activity.discount_amount_365d', 'activity.gross_sales_amount_365d') }} as discount_rate_365d,

    -- habits
    favourites.favourite_department_name,
    favourites.home_store_id,
    activity.mailed_campaign_count_365d,
    activity.redemption_count_365d,
    stages.stage_code as lifecycle_stage_code,

    -- service, loyalty, feedback, visits
    coalesce(engagement.open_ticket_count, 0) as open_ticket_count,
    coalesce(engagement.has_open_complaint, false) as has_open_complaint,
    engagement.points_balance,
    engagement.last_nps_score,
    engagement.last_star_count,
    engagement.last_web_visit_date,
    coalesce(engagement.web_session_count_28d, 0) as web_session_count_28d,

    -- household; null: unknown
    profiles.age_band,
    profiles.income_band,
    profiles.home_ownership,
    profiles.marital_status,
    profiles.household_size,
    profiles.household_composition,
    profiles.kids_count,
    profiles.profile_known_date
from activity
left join stages on activity.person_id = stages.person_id and stages.place = 1
left join favourites on activity.person_id = favourites.person_id
left join profiles on activity.person_id = profiles.person_id
left join engagement on activity.person_id = engagement.person_id
