-- One row per identifier: how many records carry it, and whether it may link them.
with rules as (

    select * from {{ ref('identity_rules') }}

),

carried as (

    select * from {{ ref('identity_record_identifiers') }}

),

records as (

    select * from {{ ref('identity_records') }}

),

counted as (

    select
        carried.kind,
        carried.value_hash,
        count(*)::integer as record_count,
        min(lower(trim(
            case carried.kind
                when 'loyalty_id' then records.loyalty_id
                when 'email' then records.email
                when 'phone' then records.phone
            end
        ))) as value
    from carried
    inner join records on carried.record_id = records.record_id
    group by carried.kind, carried.value_hash

),

judged as (

    select
        counted.kind,
        counted.value_hash,
        counted.record_count,
        rules.max_records_per_identifier,
        case
            when rules.kind is null then 'blocked'
            when strpos('|' || rules.junk_values || '|', '|' || counted.value || '|') > 0 then 'junk'
            when counted.record_count > rules.max_records_per_identifier then 'shared'
            else 'usable'
        end as verdict
    from counted
    left join rules on counted.kind = rules.kind

)

select
    kind,
    value_hash,
    record_count,
    verdict,
    case verdict
        when 'blocked' then 'no rule allows this kind of identifier to link'
        when 'junk' then 'the value identifies nobody'
        when 'shared'
            then 'on ' || record_count::varchar || ' records, at most ' || max_records_per_identifier::varchar
        else 'identifies one customer'
    end as reason
from judged
