-- Is anybody addressed about what nobody may be addressed about, or in words that reveal it?
-- needs: audience, dim_products, seed_sensitive_categories
with departments as (

    select
        department_name,
        count(*) filter (where is_sensitive is distinct from false) as sensitive_count,
        count(*) as product_count
    from dim_products
    group by department_name

),

rows_by_department as (

    select
        audience.decision_id,
        audience.reason_text,
        ltrim(audience.department_name, '''') as department_name
    from audience

)

select
    rows_by_department.decision_id,
    'department ' || rows_by_department.department_name || case
        when departments.department_name is null then ' is not in the catalogue'
        else ' is sensitive'
    end as reason
from rows_by_department
left join departments on rows_by_department.department_name = departments.department_name
where rows_by_department.department_name is not null
    and (
        not coalesce(departments.sensitive_count < departments.product_count, false)
        or exists (
            select 1 from seed_sensitive_categories as sensitive
            where sensitive.category_name = '*'
                and sensitive.department_name in ('*', rows_by_department.department_name)
        )
    )

union all

select
    rows_by_department.decision_id,
    'the text names ' || min(words.word) as reason
from rows_by_department
inner join (
    select case when category_name = '*' then department_name else category_name end as word
    from seed_sensitive_categories
) as words on contains(upper(rows_by_department.reason_text), upper(words.word))
group by rows_by_department.decision_id
order by 1, 2
