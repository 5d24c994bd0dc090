-- Was the row a candidate that no guardrail blocked, at the costs the decision states?
-- needs: audience, candidates, decisions
select
    audience.decision_id,
    case
        when candidates.person_id is null then 'it was no candidate'
        when not coalesce(candidates.is_eligible, false)
            then 'blocked by ' || array_to_string(candidates.reason_codes, ', ')
        else 'the candidate had other costs'
    end as reason
from audience
left join decisions on audience.decision_id = decisions.decision_id
left join candidates
    on audience.person_id = candidates.person_id and audience.treatment_id = candidates.treatment_id
where not coalesce(
    candidates.is_eligible
    and len(candidates.reason_codes) = 0
    and candidates.contact_cost_amount = decisions.contact_cost_amount
    and candidates.discount_cost_amount = decisions.discount_cost_amount,
    false
)
order by audience.decision_id
