-- Does each manifest describe exactly the files beside it, and this night?
-- needs: audience, files, manifests, removals, run
with listed as (

    select
        channel_code,
        unnest(from_json(
            body -> '$.files',
            '[{"file": "varchar", "rows": "bigint", "bytes": "bigint", "sha256": "varchar", "columns": [{"name": "varchar"}]}]'
        ), recursive := false) as entry
    from manifests

),

counted as (

    select channel_code, 'audience.csv' as file, count(*) as row_count from audience group by channel_code
    union all
    select channel_code, 'removals.csv' as file, count(*) as row_count from removals group by channel_code

)

select
    coalesce(files.path, listed.channel_code || '/' || listed.entry.file) as path,
    'rows, bytes, SHA-256 or columns are not those in the manifest' as reason
from (select * from files where file != 'manifest.json') as files
full join listed on files.channel_code = listed.channel_code and files.file = listed.entry.file
left join counted on files.channel_code = counted.channel_code and files.file = counted.file
where not coalesce(
    files.sha256 = listed.entry.sha256
    and files.byte_count = listed.entry.bytes
    and coalesce(counted.row_count, 0) = listed.entry.rows
    and files.header = array_to_string(list_transform(listed.entry.columns, lambda col: col.name), ','),
    false
)

union all

select
    manifests.channel_code || '/manifest.json' as path,
    'says another channel, night, run, policy, schema or currency' as reason
from manifests
cross join run
where not coalesce(
    manifests.body ->> '$.channel' = manifests.channel_code
    and manifests.body ->> '$.as_of_date' = run.as_of_date::varchar
    and manifests.body ->> '$.run' = run.run_id
    and manifests.body ->> '$.policy_hash' = run.policy_hash
    and manifests.body ->> '$.schema_version' = run.schema_version
    and manifests.body ->> '$.currency' = run.currency,
    false
)
order by 1, 2
