-- Does every row say why, in the words that the ledger holds?
-- needs: audience, decisions
select
    audience.decision_id,
    'the text is ' || coalesce(audience.reason_text, 'empty') as reason
from audience
left join decisions on audience.decision_id = decisions.decision_id
where not coalesce(
    trim(audience.reason_text) != ''
    and regexp_replace(audience.reason_text, '^''', '') = regexp_replace(
        array_to_string(decisions.reasons, ' '), '[\x00-\x1f\x7f-\x{9f}\x{2028}\x{2029}]+', ' ', 'g'
    ),
    false
)
order by audience.decision_id
