-- One row per answer to a survey. Renames; a day that is none, or lies behind the delivery, is unknown.
with source as (

    select * from {{ source('feedback', 'nps') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    response_id as feedback_ref,
    {{ email_key('email') }} as email,

    -- attributes
    score as nps_score,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    case when {{ compact_date('responded_date') }} <= known_date then {{ compact_date('responded_date') }} end as responded_date,
    known_at,
    known_date
from source
