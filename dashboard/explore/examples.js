// Queries to begin with, each of the tables it names.
export const EXAMPLES = [
  ['Net sales by month and channel', `select
    date_trunc('month', order_date)::date as month,
    channel,
    sum(orders) as orders,
    sum(net_reporting) as net_sales,
    sum(margin_reporting) as margin
from curated.sales_daily
group by all
order by month desc, net_sales desc`],
  ['Conversion by device', `select
    device,
    sum(sessions) as sessions,
    sum(reached_purchase) as purchases,
    round(100.0 * sum(reached_purchase) / sum(sessions), 2) as percent
from curated.conversion_funnel
group by device
order by percent desc`],
  ['Ten products that returned most, of those that sold 100 units', `select
    known.product_name,
    sum(sold.units) as units,
    sum(sold.returned_units) as returned,
    round(100.0 * sum(sold.returned_units) / sum(sold.units), 1) as percent
from curated.product_performance as sold
left join curated.dim_product as known
    on sold.product_id = known.product_id and known.is_current
group by known.product_name
having sum(sold.units) >= 100
order by percent desc, units desc
limit 10`],
  ['Cohorts: revenue to date by month of the first order', `select
    cohort_month,
    max(customers) as customers,
    sum(revenue_reporting) as revenue,
    round(sum(revenue_reporting) / max(customers), 2) as revenue_per_customer
from curated.cohort_retention
group by cohort_month
order by cohort_month`],
  ['Columns of a table, with their spread', 'summarize curated.sales_daily'],
];
