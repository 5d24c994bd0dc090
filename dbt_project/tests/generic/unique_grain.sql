{#
Fails when the columns that are said to be the grain repeat or are unknown.
recent_days: look only at rows known in the last so many days; the older ones were looked at in their own night.
#}
{% test unique_grain(model, columns, recent_days=none) %}
select {{ columns | join(', ') }}, count(*) as row_count
from {{ model }}
{% if recent_days is not none -%}
where known_date >= {{ as_of_date(-recent_days) }}
{% endif -%}
group by {{ columns | join(', ') }}
having count(*) > 1 or {{ columns | join(' is null or ') }} is null
{% endtest %}
