-- One row per rule and pair of records that share an identifier, accepted or refused.
-- Edges are a star: the first record of an identifier with each other one, so n records give n - 1 edges.
with rules as (

    select * from {{ ref('identity_rules') }}

),

identifiers as (

    select * from {{ ref('identity_identifiers') }}

),

carried as (

    select * from {{ ref('identity_record_identifiers') }}

),

stars as (

    select
        kind,
        value_hash,
        record_id,
        min(record_id) over (partition by kind, value_hash) as first_record_id
    from carried

)

select
    stars.first_record_id as record_id_a,
    stars.record_id as record_id_b,
    rules.rule,
    'deterministic' as kind,
    case when identifiers.verdict = 'usable' then 1.0 else 0.0 end::double as probability,
    case when identifiers.verdict = 'usable' then 'accepted' else 'refused' end as verdict,
    stars.kind || ': ' || identifiers.reason as reason
from stars
inner join identifiers on stars.kind = identifiers.kind and stars.value_hash = identifiers.value_hash
inner join rules on stars.kind = rules.kind
where stars.first_record_id < stars.record_id
