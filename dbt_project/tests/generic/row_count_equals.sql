{# Fails when two relations do not have equally many rows; `where` narrows the second. #}
{% test row_count_equals(model, to, where=none) %}
with here as (

    select count(*) as row_count from {{ model }}

),

there as (

    select count(*) as row_count from {{ to }}
    {% if where is not none %}where {{ where }}{% endif %}

)

select here.row_count, there.row_count as expected_row_count
from here
cross join there
where here.row_count <> there.row_count
{% endtest %}
