-- Lifetime value: customers by what they brought so far, in bands of the reporting currency.
-- Tables: curated.customer_ltv.
-- Query: customer_ltv.
-- Definition: docs/definitions.md#customers-and-products.
-- Columns: band count, customers count, repeat_customers count, orders count, revenue cents, margin cents.
select
    case
        when revenue_reporting < 50 then 0
        when revenue_reporting < 100 then 50
        when revenue_reporting < 250 then 100
        when revenue_reporting < 500 then 250
        when revenue_reporting < 1000 then 500
        when revenue_reporting < 2500 then 1000
        when revenue_reporting < 5000 then 2500
        else 5000
    end as band,
    count(*) as customers,
    count(*) filter (where repeat_orders > 0) as repeat_customers,
    sum(orders) as orders,
    sum(revenue_reporting) as revenue,
    sum(margin_reporting) as margin

from curated.customer_ltv

group by all

order by band
