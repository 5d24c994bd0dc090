-- Is everybody removed who was in the channel's last release and is not in tonight's, and nobody else?
-- needs: audience, decisions, earlier_exports, removals, seals
with last_release as (

    select earlier_exports.channel_code, earlier_exports.decision_id, earlier_exports.person_id
    from earlier_exports
    where earlier_exports.as_of_date = (select max(as_of_date) from seals)

),

expected as (

    select last_release.*
    from last_release
    left join audience
        on last_release.channel_code = audience.channel_code and last_release.person_id = audience.person_id
    where audience.person_id is null

)

select
    coalesce(expected.decision_id, removals.decision_id, 'unknown') as decision_id,
    case
        when removals.decision_id is null then 'was released to ' || expected.channel_code || ' and is not removed'
        when expected.decision_id is null then 'removed from ' || removals.channel_code || ' without having left it'
        else 'removed for ' || coalesce(removals.reason, 'no reason') || ', which is not so'
    end as reason
from expected
full join removals
    on expected.channel_code = removals.channel_code
    and expected.decision_id = removals.decision_id
    and expected.person_id = removals.person_id
left join decisions on coalesce(expected.person_id, removals.person_id) = decisions.person_id
where not coalesce(
    expected.decision_id = removals.decision_id
    and regexp_matches(removals.reason, '^(held_out|no_longer_allowed: .+|not_chosen_tonight|unresolved)$')
    and (removals.reason = 'unresolved') = (decisions.person_id is null)
    and (removals.reason = 'held_out') = coalesce(decisions.holdout_arm = 'holdout', false),
    false
)
order by 1, 2
