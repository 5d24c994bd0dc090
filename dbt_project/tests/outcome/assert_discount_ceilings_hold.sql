-- With this night's offers counted in, nobody is given more discount than a ceiling allows.
with tonight as (

    select person_id, channel_code, discount_cost_amount from {{ ref('stg_ledger__exports') }}
    where as_of_date = {{ as_of_date() }}
        and as_of_date in (select as_of_date from {{ ref('int_nights__sealed') }})

),

ceilings as (

    select * from {{ ref('discount_ceilings') }}

),

given as (

    select person_id, channel_code, discount_cost_amount, {{ days_between('contacted_date', as_of_date()) }} as days_ago
    from {{ ref('contact_history') }}
    union all
    select person_id, channel_code, discount_cost_amount, 0 as days_ago from tonight

),

touched as (

    select tonight.person_id, ceilings.ceiling_id
    from tonight
    inner join ceilings on ceilings.channel_code in ('*', tonight.channel_code)
    where tonight.discount_cost_amount > 0
    group by tonight.person_id, ceilings.ceiling_id

)

select touched.person_id, ceilings.ceiling_id, sum(given.discount_cost_amount) as discount_cost_amount
from touched
inner join ceilings on touched.ceiling_id = ceilings.ceiling_id
inner join given
    on touched.person_id = given.person_id
    and ceilings.channel_code in ('*', given.channel_code)
    and given.days_ago <= ceilings.window_days
group by touched.person_id, ceilings.ceiling_id, ceilings.max_discount_amount
having sum(given.discount_cost_amount) > ceilings.max_discount_amount
