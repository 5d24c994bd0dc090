{# Of several versions of a key known by the cut-off the last, with the day on which the key was first known. #}
{% macro latest_versions(relation, key, changed_at=none) -%}
    select versions.*
    from (
        select
            *,
            min(known_date) over (partition by {{ key }}) as first_known_date,
            row_number() over (
                partition by {{ key }}
                order by {% if changed_at %}{{ changed_at }} desc, {% endif %}known_date desc, load_id desc, row_number desc
            ) as place
        from {{ relation }}
        where {{ known_by_cutoff() }}
    ) as versions
    where versions.place = 1
{%- endmacro %}
