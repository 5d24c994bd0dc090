-- The lines of an order agree on customer and store; else the order is given to one of them. A warning: tills err.
{{ config(severity='warn') }}
select order_id
from {{ ref('fct_order_lines') }}
group by order_id
having min(record_id) <> max(record_id)
    or min(store_id) <> max(store_id)
    or count(record_id) not in (0, count(*))
