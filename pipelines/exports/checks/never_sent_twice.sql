-- Was a decision released before? Its id is the key by which a receiver knows a repetition.
-- needs: audience, earlier_exports
select
    audience.decision_id,
    'released on ' || max(earlier_exports.as_of_date)::varchar as reason
from audience
inner join earlier_exports on audience.decision_id = earlier_exports.decision_id
group by audience.decision_id
order by audience.decision_id
