{#
The day the decisions are for, or a day so many days after it, as a date literal.
Days are counted here and not by the engine: engines disagree about date arithmetic.
#}
{% macro as_of_date(plus_days=0) -%}
    {%- set text = var('as_of_date', none) | string -%}
    {%- if not execute -%}
        {%- set text = '2000-01-01' -%}
    {%- endif -%}
    {%- set is_a_day = modules.re.match('^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}$', text) is not none -%}
    {%- if is_a_day -%}
        {%- set first = modules.datetime.datetime.strptime(text[:7], '%Y-%m') -%}
        {%- set day = first + modules.datetime.timedelta(days=(text[8:] | int) - 1) -%}
    {%- endif -%}
    {%- if not is_a_day or day.strftime('%Y-%m-%d') != text -%}
        {{ exceptions.raise_compiler_error(
            "as_of_date: expected a day as YYYY-MM-DD, got '" ~ text ~ "'. "
            ~ "Say which day the warehouse is for: dbt build --vars '{as_of_date: 2017-12-26}'"
        ) }}
    {%- endif -%}
    date '{{ (day + modules.datetime.timedelta(days=plus_days)).strftime('%Y-%m-%d') }}'
{%- endmacro %}
