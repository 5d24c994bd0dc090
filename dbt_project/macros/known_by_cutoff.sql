{# A row counts for a night only if it was delivered before the night's day: the one clock rule, for every source. #}
{% macro known_by_cutoff(column='known_date') -%}
    {{ column }} < {{ as_of_date() }}
{%- endmacro %}

{# A ledger row counts for a night if its own night is this one or an earlier one. #}
{% macro decided_by_cutoff(column='as_of_date') -%}
    {{ column }} <= {{ as_of_date() }}
{%- endmacro %}
