-- One row per source record that stands for a customer. No personal attribute beyond the key is kept here.
with records as (

    select * from {{ ref('int_customer_records__unioned') }}

)

select
    record_id,
    source_code,
    customer_ref,
    first_seen_date
from records
