-- Daily KPIs: one row per day and currency, the last 30 days that have orders, newest first.
-- Owner: commerce-data. Parameters: none.
-- Cost: reads curated.sales_daily, a few kilobytes a day.
with

sales_by_day as (

    select
        order_date,
        currency,
        orders,
        order_lines,
        units,
        gross_revenue,
        discounts,
        net_revenue,
        cancelled_lines

    from curated.sales_by_day

),

last_day as (

    select max(order_date) as order_date

    from sales_by_day

),

with_average as (

    select
        sales_by_day.order_date,
        sales_by_day.currency,
        sales_by_day.orders,
        sales_by_day.units,
        sales_by_day.net_revenue,
        cast(
            sales_by_day.net_revenue / nullif(sales_by_day.orders, 0) as decimal(18, 2)
        ) as average_order_value,
        cast(
            avg(cast(sales_by_day.net_revenue as double)) over (
                partition by sales_by_day.currency
                order by sales_by_day.order_date
                rows between 6 preceding and current row
            ) as decimal(18, 2)
        ) as net_revenue_7_day_average,
        cast(
            cast(sales_by_day.discounts as double)
            / nullif(cast(sales_by_day.gross_revenue as double), 0) as decimal(5, 4)
        ) as discount_share,
        cast(
            cast(sales_by_day.cancelled_lines as double)
            / nullif(cast(sales_by_day.cancelled_lines + sales_by_day.order_lines as double), 0) as decimal(5, 4)
        ) as cancelled_share

    from sales_by_day

),

final as (

    select
        with_average.order_date,
        with_average.currency,
        with_average.orders,
        with_average.units,
        with_average.net_revenue,
        with_average.average_order_value,
        with_average.discount_share,
        with_average.cancelled_share,
        with_average.net_revenue_7_day_average

    from with_average

    cross join last_day

    where with_average.order_date > date_add('day', -30, last_day.order_date)

)

select * from final

order by order_date desc, currency asc
