-- One row per product of the catalogue, with its own margin where the retailer states its cost, else its department's.
with products as (

    select
        product_id,
        manufacturer_id,
        department_name,
        category_name,
        product_type_name,
        brand_code,
        package_size,
        null::boolean as is_sensitive,
        null::decimal(18, 2) as list_price_amount,
        null::decimal(18, 2) as unit_cost_amount,
        known_date
    from {{ ref('stg_catalogue__products') }}
    union all
    select
        product_id,
        null::varchar as manufacturer_id,
        department_name,
        category_name,
        null::varchar as product_type_name,
        null::varchar as brand_code,
        null::varchar as package_size,
        is_sensitive,
        list_price_amount,
        unit_cost_amount,
        known_date
    from {{ ref('stg_pim__products') }}

),

margin_rates as (

    select * from {{ ref('margin_rates') }}

),

default_margin as (

    select * from margin_rates
    where department_name = '*'

),

sensitive_categories as (

    select * from {{ ref('sensitive_categories') }}

),

sensitive_products as (

    select products.product_id
    from products
    inner join sensitive_categories
        on sensitive_categories.department_name in ('*', products.department_name)
        and sensitive_categories.category_name in ('*', products.category_name)
    group by products.product_id

)

select
    -- keys
    products.product_id,
    products.manufacturer_id,

    -- attributes
    products.department_name,
    products.category_name,
    products.product_type_name,
    products.brand_code,
    products.package_size,
    products.unit_cost_amount is null
    and coalesce(margin_rates.basis, default_margin.basis, 'assumed') = 'assumed' as is_margin_assumed,
    case
        when sensitive_products.product_id is not null or products.is_sensitive then true
        when products.department_name is null or products.category_name is null then null
        else false
    end as is_sensitive,

    -- measures
    coalesce(
        -- goods sold below cost count as without margin
        {{ rate_of('greatest(products.list_price_amount - products.unit_cost_amount, 0)', 'products.list_price_amount') }},
        margin_rates.margin_rate,
        default_margin.margin_rate
    )::decimal(6, 4) as margin_rate,

    -- times
    products.known_date
from products
left join margin_rates on products.department_name = margin_rates.department_name
left join default_margin on true
left join sensitive_products on products.product_id = sensitive_products.product_id
