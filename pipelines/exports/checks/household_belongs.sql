-- Is the customer number one that tills, loyalty scheme, web shop or call centre know and that leads to this person?
-- needs: audience, identity_records, person_members
with known as (

    select distinct members.person_id, records.customer_ref
    from person_members as members
    inner join identity_records as records on members.record_id = records.record_id
    where records.source_code in ('pos', 'till', 'loyalty', 'shopify', 'crm')

)

select
    audience.decision_id,
    'household ' || coalesce(audience.household_id, 'unknown') || ' does not lead to ' || audience.person_id as reason
from audience
left join known on audience.person_id = known.person_id and audience.household_id = known.customer_ref
where known.person_id is null
order by audience.decision_id
