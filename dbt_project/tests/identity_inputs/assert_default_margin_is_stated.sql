-- The settings state one margin for departments without their own; without it a line's margin would be unknown.
select count(*) as row_count
from {{ ref('margin_rates') }}
where department_name = '*'
having count(*) <> 1
