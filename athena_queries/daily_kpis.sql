-- Daily KPIs: what was sold on each day, newest first. Amounts of different currencies are never added.
-- Grain: order_date, currency.
-- Owner: commerce-data.
-- Parameters: first_day date = 30 days ago.
-- Scans: 22 kB of the demo's world.
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

    where order_date >= ?

),

final as (

    select
        order_date,
        currency,
        orders,
        units,
        net_revenue,
        cast(
            net_revenue / nullif(orders, 0) as decimal(18, 2)
        ) as average_order_value,
        cast(
            cast(discounts as double)
            / nullif(cast(gross_revenue as double), 0) as decimal(5, 4)
        ) as discount_share,
        cast(
            cast(cancelled_lines as double)
            / nullif(cast(cancelled_lines + order_lines as double), 0) as decimal(5, 4)
        ) as cancelled_share,
        cast(
            avg(cast(net_revenue as double)) over (
                partition by currency
                order by order_date
                rows between 6 preceding and current row
            ) as decimal(18, 2)
        ) as net_revenue_7_day_average

    from sales_by_day

)

select * from final

order by order_date desc, currency asc
