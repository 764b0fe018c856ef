-- Sold lines: one row per order line that was not cancelled, with its UTC day and its revenue before tax.
-- Owner: commerce-data. Cost: prunes processed.transactions when order_date is in the condition.
create or replace view processed.sold_lines as
select
    order_id,
    line_number,
    customer_id,
    product_id,
    channel,
    country_code,
    currency,
    quantity,
    cast(ordered_at as timestamp(3)) as ordered_at,
    cast(ordered_at as date) as order_date,
    quantity * unit_price - discount_amount as net_revenue

from processed.transactions

where order_status <> 'cancelled'
