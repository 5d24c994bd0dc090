{# Fails on each row where the parts do not add up to the total (exact: decimals, not doubles). #}
{% test sums_to(model, total, parts) %}
select *
from {{ model }}
where {{ total }} is distinct from {{ parts | join(' + ') }}
{% endtest %}
