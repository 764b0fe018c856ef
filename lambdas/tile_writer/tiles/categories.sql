-- Categories: sales, returns and margin of all products, by month and category, of the last 13 months.
-- Tables: curated.product_performance, curated.dim_product.
-- Query: product_performance.
-- Definition: docs/definitions.md#orders-and-sales.
-- Columns: month date, category text, products count, units count, returned_units count, net cents, returned cents, cost cents, margin cents, uncosted_lines count.
select
    sold.month_start as month,
    coalesce(known.category, 'unknown') as category,
    count(*) filter (where sold.units > 0) as products,
    sum(sold.units) as units,
    sum(sold.returned_units) as returned_units,
    sum(sold.net_reporting) as net,
    sum(sold.returned_reporting) as returned,
    sum(sold.cost_reporting) as cost,
    sum(sold.margin_reporting) as margin,
    sum(sold.uncosted_lines) as uncosted_lines

from curated.product_performance as sold

left join curated.dim_product as known
    on sold.product_id = known.product_id and known.is_current

where sold.month_start > (select max(newest.month_start) - interval 13 month from curated.product_performance as newest)

group by all

order by month, category
