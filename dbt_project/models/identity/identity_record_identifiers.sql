-- One row per record, kind of identifier and value that the record carries; the value is hashed.
with records as (

    select * from {{ ref('identity_records') }}

),

carried as (

    select record_id, 'loyalty_id' as kind, loyalty_id as identifier from records
    union all
    select record_id, 'email' as kind, email as identifier from records
    union all
    select record_id, 'phone' as kind, phone as identifier from records

)

select
    record_id,
    kind,
    sha256(kind || ':' || lower(trim(identifier))) as value_hash
from carried
where identifier is not null
