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

{# A local time of a zone as UTC. #}
{% macro utc_from_local(local_time, zone) -%}
    {{ return(adapter.dispatch('utc_from_local', 'nightmarket')(local_time, zone)) }}
{%- endmacro %}

{% macro default__utc_from_local(local_time, zone) -%}
    timezone('UTC', timezone({{ zone }}, {{ local_time }}))
{%- endmacro %}

{% macro spark__utc_from_local(local_time, zone) -%}
    to_utc_timestamp({{ local_time }}, {{ zone }})
{%- endmacro %}

{# The last ten digits of a phone number, so that a country code does not matter; null if it has fewer than seven. #}
{% macro phone_key(phone) -%}
    {{ return(adapter.dispatch('phone_key', 'nightmarket')(phone)) }}
{%- endmacro %}

{% macro default__phone_key(phone) -%}
    case when length(regexp_replace({{ phone }}, '[^0-9]', '', 'g')) >= 7
        then right(regexp_replace({{ phone }}, '[^0-9]', '', 'g'), 10) end
{%- endmacro %}

{% macro spark__phone_key(phone) -%}
    case when length(regexp_replace({{ phone }}, '[^0-9]', '')) >= 7
        then right(regexp_replace({{ phone }}, '[^0-9]', ''), 10) end
{%- endmacro %}

{# The n-th part, from 1, of a text that dots part. #}
{% macro dotted_part(text, number) -%}
    {{ return(adapter.dispatch('dotted_part', 'nightmarket')(text, number)) }}
{%- endmacro %}

{% macro default__dotted_part(text, number) -%}
    split_part({{ text }}, '.', {{ number }})
{%- endmacro %}

{% macro spark__dotted_part(text, number) -%}
    split_part({{ text }}, '.', {{ number }})
{%- endmacro %}

{# An e-mail address in lower case without outer blanks; null if there is no @ in it. #}
{% macro email_key(email) -%}
    case when strpos({{ email }}, '@') > 1 then lower(trim({{ email }})) end
{%- endmacro %}

{# The n-th part of a text with commas, from the end if n is negative; null if there is none. #}
{% macro comma_part(value, n) -%}
    {{ return(adapter.dispatch('comma_part', 'nightmarket')(value, n)) }}
{%- endmacro %}

{% macro default__comma_part(value, n) -%}
    nullif(trim(split_part({{ value }}, ',', {{ n }})), '')
{%- endmacro %}

{% macro spark__comma_part(value, n) -%}
    nullif(trim(split_part({{ value }}, ',', {{ n }})), '')
{%- endmacro %}

{# A day written as 20250703; null if it is none. #}
{% macro compact_date(text) -%}
    {{ return(adapter.dispatch('compact_date', 'nightmarket')(text)) }}
{%- endmacro %}

{% macro default__compact_date(text) -%}
    try_strptime({{ text }}, '%Y%m%d')::date
{%- endmacro %}

{% macro spark__compact_date(text) -%}
    cast(try_to_timestamp({{ text }}, 'yyyyMMdd') as date)
{%- endmacro %}

{# A moment told in microseconds since 1970, as text, as UTC. #}
{% macro moment_of_micros(text) -%}
    {{ return(adapter.dispatch('moment_of_micros', 'nightmarket')(text)) }}
{%- endmacro %}

{% macro default__moment_of_micros(text) -%}
    make_timestamp(({{ text }})::bigint)
{%- endmacro %}

{% macro spark__moment_of_micros(text) -%}
    timestamp_micros(cast({{ text }} as bigint))
{%- endmacro %}
