-- RFM segments: how many customers are in each, and what they brought, highest revenue first. Reporting currency.
-- Grain: segment.
-- Owner: customer-data.
-- Parameters: none.
-- Scans: 20 kB of the demo's world.
with

customers as (

    select
        segment,
        as_of_date,
        last_order_date,
        frequency,
        revenue_reporting

    from curated.customer_segments

),

by_segment as (

    select
        segment,
        max(as_of_date) as as_of_date,
        count(*) as customers,
        sum(frequency) as orders,
        sum(revenue_reporting) as revenue,
        avg(cast(date_diff('day', last_order_date, as_of_date) as double)) as days_since_last_order

    from customers

    group by segment

),

totals as (

    select
        sum(customers) as customers,
        sum(revenue) as revenue

    from by_segment

),

final as (

    select
        by_segment.segment,
        by_segment.as_of_date,
        by_segment.customers,
        by_segment.orders,
        by_segment.revenue,
        cast(
            cast(by_segment.customers as double) / cast(totals.customers as double) as decimal(5, 4)
        ) as customer_share,
        cast(
            cast(by_segment.revenue as double) / nullif(cast(totals.revenue as double), 0) as decimal(9, 4)
        ) as revenue_share,
        cast(by_segment.revenue / by_segment.customers as decimal(18, 2)) as revenue_per_customer,
        cast(by_segment.days_since_last_order as decimal(9, 1)) as average_days_since_last_order

    from by_segment

    cross join totals

)

select * from final

order by revenue desc, segment asc
