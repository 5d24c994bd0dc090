-- Does the treatment exist, is it in force tonight, and are its parts, discount and dates those of the seeds?
-- needs: audience, run, seed_offers, seed_treatments
select
    audience.decision_id,
    case
        when treatments.treatment_id is null then 'no treatment ' || coalesce(audience.treatment_id, 'unknown')
        else audience.treatment_id || ' is not in force, or its parts, discount or dates are not those of the seeds'
    end as reason
from audience
cross join run
left join seed_treatments as treatments on audience.treatment_id = treatments.treatment_id
left join seed_offers as offers on treatments.offer_id = offers.offer_id
where not coalesce(
    audience.action_id = treatments.action_id
    and audience.offer_id = treatments.offer_id
    and audience.channel_code = treatments.channel_code
    and try_cast(audience.discount_rate as decimal(9, 6)) = try_cast(offers.discount_rate as decimal(9, 6))
    and try_cast(treatments.valid_from as date) <= run.as_of_date
    and try_cast(treatments.valid_through as date) >= run.as_of_date
    and try_cast(audience.valid_from_date as date) = run.as_of_date
    and try_cast(audience.valid_through_date as date) = least(
        run.as_of_date + try_cast(treatments.horizon_days as integer) - 1, try_cast(treatments.valid_through as date)
    ),
    false
)
order by audience.decision_id
