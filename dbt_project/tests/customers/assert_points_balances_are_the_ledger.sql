-- What everybody has, and what leads to nobody, is every entry of the points ledger, to the point.
with balances as (

    select coalesce(sum(points_balance), 0) as point_count from {{ ref('customer_360') }}

),

unresolved as (

    select coalesce(sum(point_count), 0) as point_count
    from {{ ref('fct_points') }}
    where person_id is null

),

ledger as (

    select coalesce(sum(point_count), 0) as point_count from {{ ref('stg_loyalty__points') }}

)

select
    balances.point_count,
    unresolved.point_count as unresolved_point_count,
    ledger.point_count as ledger_point_count
from balances
cross join unresolved
cross join ledger
where balances.point_count + unresolved.point_count <> ledger.point_count
