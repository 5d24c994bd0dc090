-- Is the memory of earlier releases, on which caps and ceilings rest, what was sealed?
-- needs: ledger_files, seals
with nights as (

    select
        'as_of_date=' || as_of_date::varchar as night,
        max(sha256) filter (where stream = 'exports') as sealed_sha256
    from seals
    group by as_of_date

)

select
    nights.night,
    case
        when nights.sealed_sha256 is null then 'sealed without exports'
        else 'the partition of exports is not the sealed one'
    end as reason
from nights
left join ledger_files on nights.night = ledger_files.night
where not coalesce(nights.sealed_sha256 = ledger_files.sha256, false)
order by nights.night
