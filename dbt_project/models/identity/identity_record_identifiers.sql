-- One row per record, kind of identifier and value that the record carries; the value is hashed.
with records as (

    select * from {{ ref('identity_records') }}

)

select
    record_id,
    'loyalty_id' as kind,
    sha256('loyalty_id:' || lower(trim(customer_ref))) as value_hash
from records
