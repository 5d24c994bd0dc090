-- If this night was decided, everybody in the customer 360 has a decision of it, and nobody else has.
with decided as (

    select person_id from {{ ref('decisions') }}
    where as_of_date = {{ as_of_date() }}

),

persons as (

    select person_id from {{ ref('customer_360') }}
    where {{ as_of_date() }} in (select as_of_date from {{ ref('int_nights__sealed') }})

)

select
    coalesce(persons.person_id, decided.person_id) as person_id,
    decided.person_id is null as is_undecided
from persons
full outer join decided on persons.person_id = decided.person_id
where persons.person_id is null
    or decided.person_id is null
