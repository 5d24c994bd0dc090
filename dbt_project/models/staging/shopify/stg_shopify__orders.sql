-- One row per web order: of several states the last. Says what is no sale to a customer, and drops nothing.
with latest as (

    {{ latest_versions(source('shopify', 'orders'), 'id', 'updated_at') }}

)

select
    -- keys
    id as order_id,
    customer_id as customer_ref,  -- null: a guest
    {{ email_key('email') }} as email,
    {{ phone_key('phone') }} as phone,

    -- attributes
    case
        when test = 'true' then 'test_order'
        when cancelled_at is not null then 'cancelled'
    end as excluded_reason_code,  -- null: a sale to a customer

    -- origin
    load_id,
    row_number as source_row_number,

    -- times
    event_at as sold_at,
    event_date as sold_date,
    known_at,
    known_date
from latest
