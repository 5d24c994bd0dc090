-- One row per experiment, decided night and metric, as read on a night. Renames; decides nothing.
with source as (

    select * from {{ source('ledger', 'lift_results') }}
    where {{ decided_by_cutoff() }}

)

select
    -- keys
    as_of_date,
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
    note
from source
