{#
A night builds every model anew. dbt's own way (build beside, rename twice, drop what was) costs more than the small
models themselves; here a relation is replaced inside one transaction, so that it is the old one or the new one, whole.
These replace the materializations of the same names. Hooks, grants, indexes and stored descriptions are not for them.
#}
{% materialization table, adapter="duckdb" %}
    {%- set target = this.incorporate(type='table') -%}
    {% call statement('main') -%}
        {{ dropped_first(load_cached_relation(this)) }}
        {{ create_table_as(False, target, compiled_code) }}
    {%- endcall %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% materialization view, adapter="duckdb" %}
    {%- set target = this.incorporate(type='view') -%}
    {% call statement('main') -%}
        {{ dropped_first(load_cached_relation(this)) }}
        {{ get_create_view_as_sql(target, compiled_code) }}
    {%- endcall %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% macro dropped_first(existing) -%}
    {%- if existing is not none -%} drop {{ existing.type }} if exists {{ existing }}; {%- endif -%}
{%- endmacro %}
