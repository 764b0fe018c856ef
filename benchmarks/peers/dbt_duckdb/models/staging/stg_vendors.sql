select
    vendor_id,
    vendor_name,
    country_code,
    contact_email,
    try_cast(lead_time_days as integer) as lead_time_days,
    try_cast(is_active as boolean) as is_active,
    try_cast(updated_at as timestamp) as updated_at,
    parse_filename(filename) as source_file
from {{ source('files', 'vendors') }}
