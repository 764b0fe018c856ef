-- Products through time (SCD 2) from the versions the files hold, which a snapshot of each run would miss.
select
    product_id,
    updated_at as valid_from,
    lead(updated_at) over (partition by product_id order by updated_at) as valid_to,
    valid_to is null as is_current,
    product_name,
    category,
    brand,
    products.vendor_id,
    vendor_name,
    list_price,
    unit_cost,
    products.is_active,
    launched_on

from {{ ref('products') }} as products
left join (
    select vendor_id, arg_max(vendor_name, updated_at) as vendor_name
    from {{ ref('vendors') }}
    group by vendor_id
) as vendors on products.vendor_id = vendors.vendor_id
