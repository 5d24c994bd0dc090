-- Does every channel get its three files, also with no row, and does nothing else lie in the folder?
-- needs: files, seed_channels
with expected as (

    select
        channels.channel_code || '/' || names.file as path,
    from seed_channels as channels
    cross join (values ('audience.csv'), ('removals.csv'), ('manifest.json')) as names (file)

)

select
    coalesce(expected.path, files.path) as path,
    case when files.path is null then 'the file is missing' else 'nobody asked for this file' end as reason
from expected
full join files on expected.path = files.path
where expected.path is null or files.path is null
order by coalesce(expected.path, files.path)
