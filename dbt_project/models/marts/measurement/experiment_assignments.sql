-- One row per experiment and person: the arm that chance gave, which is never changed.
with assigned as (

    select * from {{ ref('stg_ledger__assignments') }}

),

sealed as (

    select * from {{ ref('int_nights__sealed') }}

),

ordered as (

    select
        assigned.*,
        row_number() over (
            partition by assigned.experiment_id, assigned.person_id
            order by assigned.as_of_date
        ) as place
    from assigned
    inner join sealed on assigned.as_of_date = sealed.as_of_date

)

select
    experiment_id,
    person_id,
    arm,
    holdout_share,
    as_of_date as assigned_date
from ordered
where place = 1
