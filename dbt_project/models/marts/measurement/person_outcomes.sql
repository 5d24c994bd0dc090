-- One row per person and decided night: what the person bought in the 28 days from that night on, as far as known.
-- Sales belong to the person who was decided about: the records that were that person on that night.
with decisions as (

    select * from {{ ref('decisions') }}

),

spans as (

    select * from {{ ref('int_person_ids__spans') }}

),

-- deliveries are whole days, so the last day with a known sale is complete
observed as (

    select max(ordered_date) as observed_through_date from {{ ref('fct_orders') }}

),

nights as (

    select
        decisions.as_of_date as decided_date,
        observed.observed_through_date,
        greatest(0, least(28, coalesce(
            {{ days_between('decisions.as_of_date', 'observed.observed_through_date') }} + 1, 0
        )))::integer as observed_days
    from decisions
    cross join observed
    group by decisions.as_of_date, observed.observed_through_date

),

sales as (

    select
        record_id,
        ordered_date as sold_date,
        1 as order_count,
        net_sales_amount,
        gross_margin_amount
    from {{ ref('fct_orders') }}
    union all
    select
        record_id,
        returned_date as sold_date,
        0 as order_count,
        -refund_amount as net_sales_amount,
        -lost_margin_amount as gross_margin_amount
    from {{ ref('fct_returns') }}

),

bought as (

    select
        spans.person_id,
        nights.decided_date,
        sum(sales.order_count) as order_count,
        sum(sales.net_sales_amount) as net_sales_amount,
        sum(sales.gross_margin_amount) as gross_margin_amount
    from nights
    inner join spans
        on nights.decided_date >= spans.since_date
        and (nights.decided_date < spans.until_date or spans.until_date is null)
    inner join sales
        on spans.record_id = sales.record_id
        and sales.sold_date >= nights.decided_date
        and sales.sold_date < {{ days_after('nights.decided_date', 'nights.observed_days') }}
    group by spans.person_id, nights.decided_date

)

select
    -- keys
    decisions.person_id,
    decisions.as_of_date as decided_date,
    decisions.decision_id,
    decisions.treatment_id,

    -- attributes
    decisions.holdout_arm,

    -- measures
    coalesce(bought.order_count, 0)::integer as order_count,
    coalesce(bought.net_sales_amount, 0)::decimal(18, 2) as net_sales_amount,
    coalesce(bought.gross_margin_amount, 0)::decimal(18, 2) as gross_margin_amount,
    nights.observed_days,

    -- times
    nights.observed_through_date
from decisions
inner join nights on decisions.as_of_date = nights.decided_date
left join bought on decisions.person_id = bought.person_id and decisions.as_of_date = bought.decided_date
