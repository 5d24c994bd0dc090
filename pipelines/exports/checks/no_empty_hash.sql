-- Does the hash of nothing stand in a file? It would match every record that is empty elsewhere.
-- needs: files
select
    path,
    'holds the SHA-256 of the empty string' as reason
from files
where contains(lower(content), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')

union all

select
    'the staged folder' as path,
    'holds no file to look into' as reason
where not exists (select 1 from files)
order by 1
