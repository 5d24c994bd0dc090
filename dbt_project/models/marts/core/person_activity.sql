-- One row per person: what was bought, given back, received and redeemed before this night.
-- Windows are half open: [as_of_date - n days, as_of_date). Net sales are after refunds, each dated when it happened.
{% set day_28 = as_of_date(-28) %}
{% set day_91 = as_of_date(-91) %}
{% set day_365 = as_of_date(-365) %}
with persons as (

    select
        person_id,
        count(*)::integer as record_count,
        min(confidence) as identity_confidence
    from {{ ref('person_members') }}
    group by person_id

),

sales as (

    select
        person_id,
        min(ordered_date) as first_order_date,
        max(ordered_date) as last_order_date,
        count(*) filter (where ordered_date >= {{ day_28 }}) as order_count_28d,
        count(*) filter (where ordered_date >= {{ day_91 }}) as order_count_91d,
        count(*) filter (where ordered_date >= {{ day_365 }}) as order_count_365d,
        sum(net_sales_amount) filter (where ordered_date >= {{ day_28 }}) as net_sales_amount_28d,
        sum(net_sales_amount) filter (where ordered_date >= {{ day_91 }}) as net_sales_amount_91d,
        sum(net_sales_amount) filter (where ordered_date >= {{ day_365 }}) as net_sales_amount_365d,
        sum(gross_sales_amount) filter (where ordered_date >= {{ day_365 }}) as gross_sales_amount_365d,
        sum(gross_margin_amount) filter (where ordered_date >= {{ day_365 }}) as gross_margin_amount_365d,
        sum(discount_amount) filter (where ordered_date >= {{ day_365 }}) as discount_amount_365d
    from {{ ref('fct_orders') }}
    where ordered_date < {{ as_of_date() }}
    group by person_id

),

refunds as (

    select
        person_id,
        sum(refund_amount) filter (where returned_date >= {{ day_28 }}) as refund_amount_28d,
        sum(refund_amount) filter (where returned_date >= {{ day_91 }}) as refund_amount_91d,
        sum(refund_amount) filter (where returned_date >= {{ day_365 }}) as refund_amount_365d,
        sum(lost_margin_amount) filter (where returned_date >= {{ day_365 }}) as lost_margin_amount_365d
    from {{ ref('fct_returns') }}
    where returned_date < {{ as_of_date() }}
    group by person_id

),

letters as (

    select person_id, count(distinct campaign_id) as mailed_campaign_count_365d
    from {{ ref('fct_contacts') }}
    where contacted_date >= {{ day_365 }}
        and contacted_date < {{ as_of_date() }}
    group by person_id

),

redemptions as (

    select person_id, count(*) as redemption_count_365d
    from {{ ref('fct_redemptions') }}
    where redeemed_date >= {{ day_365 }}
        and redeemed_date < {{ as_of_date() }}
    group by person_id

)

select
    -- keys
    persons.person_id,

    -- identity
    persons.record_count,
    persons.identity_confidence,

    -- orders
    sales.first_order_date,
    sales.last_order_date,
    coalesce(sales.order_count_28d, 0)::integer as order_count_28d,
    coalesce(sales.order_count_91d, 0)::integer as order_count_91d,
    coalesce(sales.order_count_365d, 0)::integer as order_count_365d,

    -- money
    (coalesce(sales.net_sales_amount_28d, 0) - coalesce(refunds.refund_amount_28d, 0))::decimal(18, 2)
        as net_sales_amount_28d,
    (coalesce(sales.net_sales_amount_91d, 0) - coalesce(refunds.refund_amount_91d, 0))::decimal(18, 2)
        as net_sales_amount_91d,
    (coalesce(sales.net_sales_amount_365d, 0) - coalesce(refunds.refund_amount_365d, 0))::decimal(18, 2)
        as net_sales_amount_365d,
    (coalesce(sales.gross_margin_amount_365d, 0) - coalesce(refunds.lost_margin_amount_365d, 0))::decimal(18, 2)
        as gross_margin_amount_365d,
    coalesce(sales.gross_sales_amount_365d, 0)::decimal(18, 2) as gross_sales_amount_365d,
    coalesce(sales.discount_amount_365d, 0)::decimal(18, 2) as discount_amount_365d,

    -- campaigns
    coalesce(letters.mailed_campaign_count_365d, 0)::integer as mailed_campaign_count_365d,
    coalesce(redemptions.redemption_count_365d, 0)::integer as redemption_count_365d
from persons
left join sales on persons.person_id = sales.person_id
left join refunds on persons.person_id = refunds.person_id
left join letters on persons.person_id = letters.person_id
left join redemptions on persons.person_id = redemptions.person_id
