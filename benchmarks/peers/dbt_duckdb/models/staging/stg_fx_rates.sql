select
    try_cast(rate_date as date) as rate_date,
    currency,
    try_cast(rate as decimal(18,8)) as rate,
    try_cast(updated_at as timestamp) as updated_at,
    parse_filename(filename) as source_file
from {{ source('files', 'fx_rates') }}
