-- Sales by day: one row per order date and currency. Amounts of different currencies are never added.
-- Owner: commerce-data. Cost: reads curated.sales_daily, a few kilobytes a day.
create or replace view curated.sales_by_day as
select
    order_date,
    currency,
    sum(orders) as orders,
    sum(order_lines) as order_lines,
    sum(units) as units,
    sum(gross_revenue) as gross_revenue,
    sum(discounts) as discounts,
    sum(taxes) as taxes,
    sum(net_revenue) as net_revenue,
    sum(cancelled_lines) as cancelled_lines,
    sum(refunded_lines) as refunded_lines

from curated.sales_daily

group by order_date, currency
