select
    product_id,
    product_name,
    category,
    brand,
    vendor_id,
    try_cast(list_price as decimal(12,2)) as list_price,
    try_cast(unit_cost as decimal(12,2)) as unit_cost,
    try_cast(stock_quantity as integer) as stock_quantity,
    try_cast(is_active as boolean) as is_active,
    try_cast(launched_on as date) as launched_on,
    try_cast(updated_at as timestamp) as updated_at,
    parse_filename(filename) as source_file
from {{ source('files', 'products') }}
