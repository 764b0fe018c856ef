-- Cohorts: how many customers of each month bought again in later months, of the last 13 cohorts.
-- Tables: curated.cohort_retention.
-- Query: cohort_retention.
-- Definition: docs/definitions.md#customers-and-products.
-- Columns: cohort date, months_since count, customers count, active_customers count, orders count, revenue cents, cumulative_revenue cents.
select
    cohort_month as cohort,
    months_since,
    customers,
    active_customers,
    orders,
    revenue_reporting as revenue,
    cumulative_revenue

from curated.cohort_retention

where cohort_month > (select max(newest.cohort_month) - interval 13 month from curated.cohort_retention as newest)

order by cohort, months_since
