-- One row per experiment, person and decided night: the arm and the outcome. Everybody decided about is in it,
-- contacted or not: who is contacted was chosen, who is held out was drawn.
with outcomes as (

    select * from {{ ref('person_outcomes') }}

),

-- the ledger knows one arm per person and night: that of the universal holdout
experiments as (

    select * from {{ ref('experiments') }}
    where experiment_id = 'universal_holdout'

)

select
    -- keys
    experiments.experiment_id,
    outcomes.person_id,
    outcomes.decided_date,

    -- attributes
    outcomes.holdout_arm as arm,

    -- measures
    outcomes.order_count,
    outcomes.net_sales_amount,
    outcomes.gross_margin_amount,
    outcomes.observed_days
from outcomes
inner join experiments on outcomes.decided_date >= experiments.start_date
