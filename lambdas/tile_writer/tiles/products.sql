-- Products: the fifty products of each of the last 13 months that sold most, with returns, margin and views.
-- Tables: curated.product_performance, curated.dim_product.
-- Query: product_performance.
-- Definition: docs/definitions.md#orders-and-sales.
-- Columns: month date, rank count, product_id text, product text, category text, brand text, orders count, units count, returned_units count, net cents, returned cents, cost cents, margin cents, viewers count, cart_visitors count.
select
    sold.month_start as month,
    sold.revenue_rank as rank,
    sold.product_id,
    coalesce(known.product_name, 'unknown product') as product,
    coalesce(known.category, 'unknown') as category,
    coalesce(known.brand, 'unknown') as brand,
    sold.orders,
    sold.units,
    sold.returned_units,
    sold.net_reporting as net,
    sold.returned_reporting as returned,
    sold.cost_reporting as cost,
    sold.margin_reporting as margin,
    sold.viewers,
    sold.cart_visitors

from curated.product_performance as sold

left join curated.dim_product as known
    on sold.product_id = known.product_id and known.is_current

where
    sold.revenue_rank <= 50
    and sold.month_start
    > (select max(newest.month_start) - interval 13 month from curated.product_performance as newest)

order by month, rank
