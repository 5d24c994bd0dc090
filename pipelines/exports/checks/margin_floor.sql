-- Does an offer bring the margin over what is paid below the department's floor?
-- A price of 1 with margin m and discount d is paid as 1 - d and leaves m - d.
-- What the manufacturer pays costs the retailer no margin.
-- needs: audience, seed_margin_rates, seed_offers
with rated as (

    select
        audience.decision_id,
        audience.department_name,
        case
            when offers.funded_by = 'manufacturer' then 0
            else try_cast(audience.discount_rate as decimal(9, 6))
        end as discount_rate,
        try_cast(rates.margin_rate as decimal(6, 4)) as margin_rate,
        try_cast(rates.floor_margin_rate as decimal(6, 4)) as floor_margin_rate
    from audience
    left join seed_offers as offers on audience.offer_id = offers.offer_id
    left join seed_margin_rates as rates on rates.department_name = coalesce(
        (
            select own.department_name from seed_margin_rates as own
            where own.department_name = ltrim(audience.department_name, '''') and own.department_name != '*'
        ),
        '*'
    )

)

select
    decision_id,
    format(
        '{} off {}: margin rate {}, floor {}',
        coalesce(discount_rate::varchar, 'unknown'),
        coalesce(department_name, 'anything'),
        coalesce(margin_rate::varchar, 'unknown'),
        coalesce(floor_margin_rate::varchar, 'unknown')
    ) as reason
from rated
where not coalesce(
    discount_rate = 0
    or (
        discount_rate > 0
        and discount_rate < 1
        and margin_rate - discount_rate >= floor_margin_rate * (1 - discount_rate)
    ),
    false
)
order by decision_id
