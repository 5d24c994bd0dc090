-- The members of all persons are the records that have an id, each once, and each is a record that a source knows.
with members as (

    select * from {{ ref('person_members') }}

),

persons as (

    select coalesce(sum(record_count), 0) as record_count from {{ ref('customer_360') }}

),

wrong as (

    select record_id as subject, 'no source knows this record' as problem from members
    where record_id not in (select record_id from {{ ref('identity_records') }})
    union all
    select 'customer_360' as subject, 'it does not count every member once' as problem from persons
    where record_count <> (select count(*) from members)

)

select * from wrong
