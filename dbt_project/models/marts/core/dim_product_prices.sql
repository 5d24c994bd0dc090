-- One row per product and day from which its prices hold, until the day before the next ones hold.
with prices as (

    select
        *,
        lead(valid_from_date) over (partition by product_id order by valid_from_date) as next_from_date
    from {{ ref('stg_pim__prices') }}

)

select
    -- keys
    product_id,
    valid_from_date,

    -- attributes
    currency_code,
    shelf_price_amount < list_price_amount as is_price_cut,

    -- measures
    list_price_amount,
    shelf_price_amount,

    -- times
    {{ days_after('next_from_date', -1) }} as valid_through_date,
    known_date
from prices
