-- No row that was ever released is for somebody whom chance held out, on that night or in any experiment.
with exports as (

    select * from {{ ref('stg_ledger__exports') }}
    where as_of_date in (select as_of_date from {{ ref('int_nights__sealed') }})

),

held_out as (

    select as_of_date, person_id from {{ ref('decisions') }}
    where holdout_arm is distinct from 'treated'

),

ever_held_out as (

    select person_id, min(assigned_date) as assigned_date from {{ ref('experiment_assignments') }}
    where arm is distinct from 'treated'
    group by person_id

)

select exports.as_of_date, exports.channel_code, exports.file_row_number, exports.decision_id
from exports
left join held_out
    on exports.as_of_date = held_out.as_of_date
    and exports.person_id = held_out.person_id
left join ever_held_out
    on exports.person_id = ever_held_out.person_id
    and exports.as_of_date >= ever_held_out.assigned_date
where held_out.person_id is not null
    or ever_held_out.person_id is not null
