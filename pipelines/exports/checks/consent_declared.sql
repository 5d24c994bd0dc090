-- Is this channel permitted for the purpose of this action, on the basis and the evidence the row names?
-- needs: audience, seed_actions, seed_consents
select
    audience.decision_id,
    format(
        '{} for {}: permitted {}, declared basis {} ({}), basis in the file {} ({})',
        audience.channel_code,
        coalesce(actions.purpose_code, 'an unknown purpose'),
        coalesce(consents.is_permitted, 'not declared'),
        coalesce(consents.consent_basis, 'none'),
        coalesce(consents.basis, 'no evidence'),
        coalesce(audience.consent_basis, 'none'),
        coalesce(audience.consent_evidence, 'no evidence')
    ) as reason
from audience
left join seed_actions as actions on audience.action_id = actions.action_id
left join seed_consents as consents
    on audience.channel_code = consents.channel_code and actions.purpose_code = consents.purpose_code
where not coalesce(
    consents.is_permitted = 'true'
    and audience.consent_basis = consents.consent_basis
    and case
        when consents.consent_basis = 'recorded_opt_in' then starts_with(audience.consent_evidence, 'recorded:')
        -- a basis that only looks like the recorded one would permit everybody
        when starts_with(consents.consent_basis, 'recorded') then false
        else audience.consent_evidence = consents.basis
    end,
    false
)
order by audience.decision_id
