-- Does every known person have exactly one decision tonight, also when it is to do nothing?
-- needs: customer_360, decisions
with decided as (

    select person_id, count(*) as decision_count, count(distinct decision_id) as id_count
    from decisions
    group by person_id

)

select
    coalesce(customer_360.person_id, decided.person_id, 'unknown') as person_id,
    case
        when customer_360.person_id is null then 'a decision for nobody we know'
        else coalesce(decided.decision_count, 0) || ' decisions'
    end as reason
from customer_360
full join decided on customer_360.person_id = decided.person_id
where customer_360.person_id is null or decided.decision_count is distinct from 1
order by 1
