-- One row per experiment, decided night and metric: the newest reading made before this night.
-- This night's own reading is made from these tables, so it comes after them.
with readings as (

    select * from {{ ref('stg_ledger__lift_results') }}
    where as_of_date < {{ as_of_date() }}

),

sealed as (

    select * from {{ ref('int_nights__sealed') }}

),

ordered as (

    select
        readings.*,
        row_number() over (
            partition by readings.experiment_id, readings.decided_date, readings.metric_name
            order by readings.as_of_date desc
        ) as place
    from readings
    inner join sealed on readings.as_of_date = sealed.as_of_date

)

select
    -- keys
    experiment_id,
    decided_date,
    metric_name,

    -- measures
    window_days,
    observed_days,
    treated_count,
    holdout_count,
    treated_mean,
    holdout_mean,
    estimate,
    low,
    high,
    p_value,
    sample_ratio_p,
    detectable_effect,

    -- attributes
    verdict,
    note,

    -- times
    as_of_date as read_date
from ordered
where place = 1
