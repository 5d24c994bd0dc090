-- One row per rule and pair of records that share an identifier, usable or not.
-- Links are a star: the first record of an identifier with each other one, so n records give n - 1 links. Records that
-- describe a person come first: a bare key hangs on one of them and cannot tie two together.
with rules as (

    select * from {{ ref('identity_rules') }}

),

identifiers as (

    select * from {{ ref('identity_identifiers') }}

),

carried as (

    select * from {{ ref('identity_record_identifiers') }}

),

records as (

    select * from {{ ref('identity_records') }}

),

placed as (

    select
        carried.kind,
        carried.value_hash,
        carried.record_id,
        row_number() over (
            partition by carried.kind, carried.value_hash
            order by case when records.is_described then 0 else 1 end, carried.record_id
        ) as place
    from carried
    inner join records on carried.record_id = records.record_id

),

stars as (

    select
        others.kind,
        others.value_hash,
        least(firsts.record_id, others.record_id) as record_id_a,
        greatest(firsts.record_id, others.record_id) as record_id_b
    from placed as others
    inner join placed as firsts on others.kind = firsts.kind and others.value_hash = firsts.value_hash
    where firsts.place = 1
        and others.place > 1

)

select
    stars.record_id_a,
    stars.record_id_b,
    rules.rule,
    'deterministic' as kind,
    case when identifiers.verdict = 'usable' then 1.0 else 0.0 end::double as probability,
    case when identifiers.verdict = 'usable' then 'accepted' else 'refused' end as verdict,
    stars.kind || ': ' || identifiers.reason as reason
from stars
inner join identifiers on stars.kind = identifiers.kind and stars.value_hash = identifiers.value_hash
inner join rules on stars.kind = rules.kind
