-- One row per order line, in euros at the last rate known on the day of the order.
with

lines as (

    select
        cast(ordered_at as date) as order_date,
        order_id,
        line_number,
        ordered_at,
        customer_id,
        product_id,
        order_status,
        order_status <> 'cancelled' as is_sold,
        order_status = 'refunded' as is_returned,
        channel,
        payment_method,
        country_code,
        currency,
        quantity,
        quantity * unit_price as gross_amount,
        discount_amount,
        tax_amount

    from {{ ref('transactions') }}

),

converted as (

    select
        lines.*,
        case when lines.currency = 'EUR' then 1 else rates.rate end as fx_rate

    from lines
    asof left join {{ ref('fx_rates') }} as rates
        on lines.currency = rates.currency and lines.order_date >= rates.rate_date

),

costed as (

    select
        converted.*,
        products.unit_cost

    from converted
    asof left join {{ ref('products') }} as products
        on converted.product_id = products.product_id and converted.ordered_at >= products.updated_at

)

select
    *,
    gross_amount - discount_amount as net_amount,
    cast(round(gross_amount / fx_rate, 2) as decimal(18, 2)) as gross_reporting,
    cast(round(discount_amount / fx_rate, 2) as decimal(18, 2)) as discount_reporting,
    gross_reporting - discount_reporting as net_reporting,
    cast(round(tax_amount / fx_rate, 2) as decimal(18, 2)) as tax_reporting,
    quantity * unit_cost as cost_reporting

from costed
