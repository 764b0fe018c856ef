select
    customer_id,
    source_system,
    first_name,
    last_name,
    email,
    phone,
    try_cast(birth_date as date) as birth_date,
    street,
    postal_code,
    city,
    country_code,
    try_cast(marketing_consent as boolean) as marketing_consent,
    try_cast(registered_at as timestamp) as registered_at,
    try_cast(updated_at as timestamp) as updated_at,
    parse_filename(filename) as source_file
from {{ source('files', 'customers') }}
