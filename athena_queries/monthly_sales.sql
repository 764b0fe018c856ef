-- Monthly sales: revenue and margin without returned goods, newest first. Reporting currency, UTC.
-- Grain: month_start.
-- Owner: commerce-data.
-- Parameters: first_month date = first of month, 24 months ago.
-- Scans: 31 kB of the demo's world.
with

customer_months as (

    select
        month_start,
        orders,
        cancelled_orders,
        units,
        net_reporting,
        returned_reporting,
        revenue_reporting,
        cost_reporting,
        margin_reporting

    from processed.customer_months

    where month_start >= ?

),

sales_by_month as (

    select
        month_start,
        count_if(orders > 0) as customer_records,
        sum(orders) as orders,
        sum(cancelled_orders) as cancelled_orders,
        sum(units) as units,
        sum(net_reporting) as net_sales,
        sum(returned_reporting) as returned_sales,
        sum(revenue_reporting) as revenue,
        sum(cost_reporting) as cost,
        sum(margin_reporting) as margin_after_returns

    from customer_months

    group by month_start

),

-- A month without orders has no row: the month before is asked for by date, never by position.
with_previous as (

    select
        sales_by_month.month_start,
        sales_by_month.customer_records,
        sales_by_month.orders,
        sales_by_month.cancelled_orders,
        sales_by_month.units,
        sales_by_month.net_sales,
        sales_by_month.returned_sales,
        sales_by_month.revenue,
        sales_by_month.cost,
        sales_by_month.margin_after_returns,
        previous.revenue as previous_revenue

    from sales_by_month

    left join sales_by_month as previous
        on date_add('month', -1, sales_by_month.month_start) = previous.month_start

),

final as (

    select
        month_start,
        customer_records,
        orders,
        cancelled_orders,
        units,
        net_sales,
        returned_sales,
        revenue,
        cost,
        margin_after_returns,
        cast(
            revenue / nullif(orders, 0) as decimal(18, 2)
        ) as average_order_value,
        cast(
            cast(margin_after_returns as double)
            / nullif(cast(revenue as double), 0) as decimal(9, 4)
        ) as margin_share,
        cast(
            cast(revenue - previous_revenue as double)
            / nullif(cast(previous_revenue as double), 0) as decimal(18, 4)
        ) as revenue_growth

    from with_previous

)

select * from final

order by month_start desc
