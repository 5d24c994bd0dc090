-- With this night's contacts counted in, nobody is above a contact policy's cap. A cap counts the night itself and
-- the days before it: [as_of_date - window_days, as_of_date].
with tonight as (

    select person_id, channel_code, discount_cost_amount from {{ ref('stg_ledger__exports') }}
    where as_of_date = {{ as_of_date() }}
        and as_of_date in (select as_of_date from {{ ref('int_nights__sealed') }})

),

policies as (

    select * from {{ ref('contact_policies') }}

),

contacts as (

    select person_id, channel_code, origin, {{ days_between('contacted_date', as_of_date()) }} as days_ago
    from {{ ref('contact_history') }}
    union all
    select person_id, channel_code, 'nightmarket' as origin, 0 as days_ago from tonight

),

-- only people who are contacted tonight: what the retailer does on its own is not ours to stop
touched as (

    select tonight.person_id, policies.contact_policy_id
    from tonight
    inner join policies on policies.channel_code in ('*', tonight.channel_code)
    group by tonight.person_id, policies.contact_policy_id

)

select touched.person_id, policies.contact_policy_id, count(*) as contact_count, policies.max_contact_count
from touched
inner join policies on touched.contact_policy_id = policies.contact_policy_id
inner join contacts
    on touched.person_id = contacts.person_id
    and policies.channel_code in ('*', contacts.channel_code)
    and (contacts.days_ago = 0 or policies.origin in ('*', contacts.origin))
    and contacts.days_ago <= policies.window_days
group by touched.person_id, policies.contact_policy_id, policies.max_contact_count
having count(*) > policies.max_contact_count
