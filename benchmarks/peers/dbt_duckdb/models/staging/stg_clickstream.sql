select
    event_id,
    try_cast(event_at as timestamp) as event_at,
    event_type,
    visitor_id,
    customer_id,
    page_path,
    product_id,
    order_id,
    referrer_host,
    utm_source,
    utm_medium,
    utm_campaign,
    device,
    user_agent,
    country_code,
    try_cast(received_at as timestamp) as received_at,
    parse_filename(filename) as source_file
from {{ source('files', 'clickstream') }}
