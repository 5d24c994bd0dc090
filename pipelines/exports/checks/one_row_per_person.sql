-- Does a person, or a household, stand in the files more than once, whatever the channel?
-- needs: audience
select
    'person ' || coalesce(person_id, 'unknown') as who,
    count(*) || ' rows in ' || string_agg(distinct channel_code, ', ' order by channel_code) as reason
from audience
group by person_id
having count(*) > 1 or person_id is null

union all

select
    'household ' || coalesce(household_id, 'unknown') as who,
    count(*) || ' rows in ' || string_agg(distinct channel_code, ', ' order by channel_code) as reason
from audience
group by household_id
having count(distinct person_id) > 1 or household_id is null
order by 1
