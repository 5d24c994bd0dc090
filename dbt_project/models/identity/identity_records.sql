-- One row per source record that stands for a customer. Addresses and numbers are kept here and in no mart.
with records as (

    select * from {{ ref('int_customer_records__unioned') }}

)

select
    record_id,
    source_code,
    customer_ref,
    loyalty_id,
    email,
    phone,
    first_seen_date
from records
