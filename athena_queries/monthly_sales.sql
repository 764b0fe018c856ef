-- Monthly sales: one row per month, the last 24 months that have orders, newest first. Euros, UTC.
-- Revenue and margin are without returned goods; curated.sales_monthly has both with them, by channel and country.
-- Owner: commerce-data. Parameters: none.
-- Cost: reads nine columns of processed.customer_months, all months.
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

),

last_month as (

    select max(month_start) as month_start

    from customer_months

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
        with_previous.month_start,
        with_previous.customer_records,
        with_previous.orders,
        with_previous.cancelled_orders,
        with_previous.units,
        with_previous.net_sales,
        with_previous.returned_sales,
        with_previous.revenue,
        with_previous.cost,
        with_previous.margin_after_returns,
        cast(
            with_previous.revenue / nullif(with_previous.orders, 0) as decimal(18, 2)
        ) as average_order_value,
        cast(
            cast(with_previous.margin_after_returns as double)
            / nullif(cast(with_previous.revenue as double), 0) as decimal(9, 4)
        ) as margin_share,
        cast(
            cast(with_previous.revenue - with_previous.previous_revenue as double)
            / nullif(cast(with_previous.previous_revenue as double), 0) as decimal(18, 4)
        ) as revenue_growth

    from with_previous

    cross join last_month

    where with_previous.month_start > date_add('month', -24, last_month.month_start)

)

select * from final

order by month_start desc
