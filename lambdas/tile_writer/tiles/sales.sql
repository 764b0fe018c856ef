-- Sales: what was sold on each of the last 400 days, by channel and country, in the reporting currency.
-- Tables: curated.sales_daily.
-- Query: monthly_sales.
-- Definition: docs/definitions.md#orders-and-sales.
-- Columns: day date, channel text, country text, orders count, order_lines count, units count, gross cents, discounts cents, net cents, returned cents, cost cents, margin cents, unconverted_lines count, uncosted_lines count.
select
    order_date as day,
    channel,
    country_code as country,
    sum(orders) as orders,
    sum(order_lines) as order_lines,
    sum(units) as units,
    sum(gross_reporting) as gross,
    sum(discount_reporting) as discounts,
    sum(net_reporting) as net,
    sum(returned_reporting) as returned,
    sum(cost_reporting) as cost,
    sum(margin_reporting) as margin,
    sum(unconverted_lines) as unconverted_lines,
    sum(uncosted_lines) as uncosted_lines

from curated.sales_daily

where order_date > (select max(newest.order_date) - 400 from curated.sales_daily as newest)

group by all

order by day, channel, country
