-- One row per product review. Renames; a day that is none, or lies behind the delivery, is unknown.
with source as (

    select * from {{ source('feedback', 'reviews') }}
    where {{ known_by_cutoff() }}

)

select
    -- keys
    review_id as feedback_ref,
    'shopify:customer:' || customer_id as record_id,  -- null: a guest
    sku as product_id,

    -- attributes
    stars as star_count,

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    case when {{ compact_date('reviewed_date') }} <= known_date then {{ compact_date('reviewed_date') }} end as responded_date,
    known_at,
    known_date
from source
