-- May it be released, or must a person approve it first?
-- needs: audience, decisions, seed_treatments
select
    audience.decision_id,
    'approval is ' || coalesce(decisions.approval, 'unknown') as reason
from audience
left join decisions on audience.decision_id = decisions.decision_id
left join seed_treatments as treatments on audience.treatment_id = treatments.treatment_id
where not coalesce(
    decisions.approval = 'approved'
    or (decisions.approval = 'not_required' and treatments.requires_approval = 'false'),
    false
)
order by audience.decision_id
