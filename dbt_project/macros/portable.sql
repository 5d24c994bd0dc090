{# What engines spell or count differently stands here and nowhere else; tests/project holds the models to that. #}

{# Whole days from one date to another; positive if the second is later. #}
{% macro days_between(from_date, to_date) -%}
    {{ return(adapter.dispatch('days_between', 'nightmarket')(from_date, to_date)) }}
{%- endmacro %}

{% macro default__days_between(from_date, to_date) -%}
    date_diff('day', {{ from_date }}, {{ to_date }})::integer
{%- endmacro %}

{% macro spark__days_between(from_date, to_date) -%}
    datediff({{ to_date }}, {{ from_date }})
{%- endmacro %}

{# The date so many days after another. #}
{% macro days_after(from_date, days) -%}
    {{ return(adapter.dispatch('days_after', 'nightmarket')(from_date, days)) }}
{%- endmacro %}

{% macro default__days_after(from_date, days) -%}
    ({{ from_date }} + {{ days }})::date
{%- endmacro %}

{% macro spark__days_after(from_date, days) -%}
    date_add({{ from_date }}, {{ days }})
{%- endmacro %}

{# The Monday of a date's week. #}
{% macro week_start(on_date) -%}
    {{ return(adapter.dispatch('week_start', 'nightmarket')(on_date)) }}
{%- endmacro %}

{% macro default__week_start(on_date) -%}
    date_trunc('week', {{ on_date }})::date
{%- endmacro %}

{# A share of two amounts or counts; null if there is no whole. #}
{% macro rate_of(part, whole) -%}
    ({{ part }})::double / nullif(({{ whole }})::double, 0)
{%- endmacro %}
