-- Does a file hold the agreed columns and no other, and no address in its texts?
-- needs: files, audience
select
    path,
    'the header is ' || header as reason
from files
where (
    file = 'audience.csv'
    and header is distinct from 'decision_id,person_id,household_id,action_id,treatment_id,offer_id,discount_rate,'
        || 'department_name,valid_from_date,valid_through_date,priority_rank,consent_basis,consent_evidence,reason_text'
)
or (file = 'removals.csv' and header is distinct from 'decision_id,person_id,household_id,reason')

union all

select
    decision_id,
    'the text holds an e-mail address' as reason
from audience
where regexp_matches(concat_ws(' ', reason_text, department_name), '[^@\s]+@[^@\s]+\.[^@\s]+')
order by 1
