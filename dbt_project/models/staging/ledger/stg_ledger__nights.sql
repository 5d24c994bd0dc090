-- One row per ledger stream of a sealed night. Renames; decides nothing.
with source as (

    select * from {{ source('ledger', 'nights') }}
    where {{ decided_by_cutoff() }}

)

select
    as_of_date,
    stream,
    row_count
from source
