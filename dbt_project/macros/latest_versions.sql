{#
Of several versions of a key known by the cut-off the last, with the day on which the key was first known.
`key` is a column or an expression, or a list of them. Nearly all keys have one version: only the others are sorted.
#}
{% macro latest_versions(relation, key, changed_at=none) -%}
    {%- set keys = [key] if key is string else key -%}
    with known as (

        select * from {{ relation }}
        where {{ known_by_cutoff() }}

    ),

    repeated as (

        select
            {% for one in keys -%}
                {{ one }} as key_{{ loop.index }},
            {% endfor -%}
            min(known_date) as first_known_date
        from known
        group by {% for one in keys %}{{ one }}{{ ', ' if not loop.last }}{% endfor %}
        having count(*) > 1

    ),

    versions as (

        select
            known.*,
            repeated.first_known_date,
            row_number() over (
                partition by {% for one in keys %}repeated.key_{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}
                order by {% if changed_at %}{{ changed_at }} desc, {% endif %}known_date desc, load_id desc, row_number desc
            ) as place
        from known
        inner join repeated
            on {% for one in keys %}{{ one }} = repeated.key_{{ loop.index }}{{ ' and ' if not loop.last }}{% endfor %}

    )

    select
        known.*,
        known.known_date as first_known_date,
        1 as place
    from known
    left join repeated
        on {% for one in keys %}{{ one }} = repeated.key_{{ loop.index }}{{ ' and ' if not loop.last }}{% endfor %}
    where repeated.key_1 is null
    union all
    select * from versions
    where place = 1
{%- endmacro %}
