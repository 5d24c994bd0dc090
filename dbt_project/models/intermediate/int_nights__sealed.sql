-- One row per sealed night up to this one. A night that failed half-way has no seal and counts for nothing.
with nights as (

    select * from {{ ref('stg_ledger__nights') }}

)

select as_of_date
from nights
group by as_of_date
