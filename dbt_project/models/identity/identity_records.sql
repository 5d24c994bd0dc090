-- One row per source record that stands for a customer. Names, addresses and numbers are kept here and in no mart.
with records as (

    select * from {{ ref('int_customer_records__unioned') }}

),

descriptions as (

    select * from {{ ref('int_customer_descriptions__unioned') }}

)

select
    records.record_id,
    records.source_code,
    records.customer_ref,
    records.loyalty_id,
    records.email,
    records.phone,
    descriptions.given_name,
    descriptions.family_name,
    descriptions.full_name,
    descriptions.birthday,
    descriptions.gender,
    descriptions.street,
    descriptions.city,
    descriptions.region,
    descriptions.postcode,
    descriptions.country,
    (
        coalesce(records.email, records.phone) is not null
        or coalesce(
            descriptions.given_name, descriptions.family_name, descriptions.full_name, descriptions.birthday,
            descriptions.street, descriptions.city, descriptions.postcode
        ) is not null
    ) as is_described,
    records.first_seen_date
from records
left join descriptions on records.record_id = descriptions.record_id
