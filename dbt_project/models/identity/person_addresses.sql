-- One row per e-mail address and person to whom a record with it leads. Personal: it is never published.
with pairs as (

    select
        records.email,
        members.person_id
    from {{ ref('identity_records') }} as records
    inner join {{ ref('person_members') }} as members on records.record_id = members.record_id
    where records.email is not null
    group by records.email, members.person_id

)

select
    email,
    person_id,
    count(*) over (partition by email) as person_count
from pairs
