-- Is anybody contacted whom chance put into a holdout, or whom chance was never asked about?
-- needs: audience, assignments, decisions, seed_experiments
with running as (

    select experiments.experiment_id
    from seed_experiments as experiments
    cross join run
    where not coalesce(try_cast(experiments.start_date as date) > run.as_of_date, false)

),

arms as (

    select
        experiment_id,
        person_id,
        bool_or(arm is distinct from 'treated') as is_held_out
    from assignments
    group by experiment_id, person_id

)

select
    audience.decision_id,
    case
        when arms.person_id is null then 'not assigned in ' || running.experiment_id
        else 'held out of ' || running.experiment_id
    end as reason
from audience
cross join running
left join arms on running.experiment_id = arms.experiment_id and audience.person_id = arms.person_id
where not coalesce(not arms.is_held_out, false)

union all

select
    audience.decision_id,
    'the decision says ' || coalesce(decisions.holdout_arm, 'nothing') as reason
from audience
left join decisions on audience.decision_id = decisions.decision_id
where decisions.holdout_arm is distinct from 'treated'

union all

select
    'experiments.csv' as row_id,
    'no experiment is declared: without a holdout nothing can be measured' as reason
where not exists (select 1 from seed_experiments)
order by 1, 2
