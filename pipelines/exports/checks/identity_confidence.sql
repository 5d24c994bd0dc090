-- Are we sure enough who it is?
-- needs: audience, customer_360, seed_value_rules
select
    audience.decision_id,
    'confidence ' || coalesce(customer_360.identity_confidence::varchar, 'unknown')
    || ', at least ' || coalesce(rules.rule_value, 'unknown') as reason
from audience
cross join run
left join customer_360
    on audience.person_id = customer_360.person_id and run.as_of_date = customer_360.as_of_date
left join seed_value_rules as rules on rules.rule = 'min_identity_confidence'
where not coalesce(
    not isnan(customer_360.identity_confidence::double)
    and customer_360.identity_confidence::double >= try_cast(rules.rule_value as double),
    false
)
order by audience.decision_id
