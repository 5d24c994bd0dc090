-- Lift is measured over everybody decided about since the experiment began: nobody is left out, no cent is lost.
with outcomes as (

    select count(*) as row_count, coalesce(sum(net_sales_amount), 0) as net_sales_amount
    from {{ ref('person_outcomes') }}
    where decided_date >= (
        select start_date from {{ ref('experiments') }}
        where experiment_id = 'universal_holdout'
    )

),

inputs as (

    select count(*) as row_count, coalesce(sum(net_sales_amount), 0) as net_sales_amount
    from {{ ref('lift_inputs') }}

),

decided as (

    select count(*) as row_count from {{ ref('decisions') }}
    where as_of_date >= (
        select start_date from {{ ref('experiments') }}
        where experiment_id = 'universal_holdout'
    )

)

select inputs.row_count, outcomes.row_count as outcome_count, decided.row_count as decision_count
from inputs
cross join outcomes
cross join decided
where inputs.row_count <> outcomes.row_count
    or inputs.row_count <> decided.row_count
    or inputs.net_sales_amount <> outcomes.net_sales_amount
