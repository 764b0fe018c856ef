select
    review_id,
    order_id,
    customer_id,
    product_id,
    try_cast(purchased_on as date) as purchased_on,
    try_cast(rating as integer) as rating,
    title,
    body,
    try_cast(reviewed_at as timestamp) as reviewed_at,
    try_cast(updated_at as timestamp) as updated_at,
    parse_filename(filename) as source_file
from {{ source('files', 'reviews') }}
