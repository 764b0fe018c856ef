-- Weekly sales: what was sold by ISO week, newest first, with growth over the week before. Reporting currency, UTC.
-- Grain: week_start.
-- Owner: commerce-data.
-- Parameters: first_week date = 182 days ago.
-- Scans: 16 kB of the demo's world.
with

sales_weekly as (

    select
        week_start,
        iso_year,
        iso_week,
        orders,
        converted_orders,
        units,
        unconverted_lines,
        net_reporting,
        returned_reporting,
        margin_reporting

    from curated.sales_weekly

    where week_start >= ?

),

sales_by_week as (

    select
        week_start,
        iso_year,
        iso_week,
        sum(orders) as orders,
        sum(converted_orders) as converted_orders,
        sum(units) as units,
        sum(unconverted_lines) as unconverted_lines,
        sum(net_reporting) as net_sales,
        sum(returned_reporting) as returned_sales,
        sum(margin_reporting) as margin

    from sales_weekly

    group by week_start, iso_year, iso_week

),

-- A week without orders has no row: the week before is asked for by date, never by position.
final as (

    select
        sales_by_week.week_start,
        sales_by_week.iso_year,
        sales_by_week.iso_week,
        sales_by_week.orders,
        sales_by_week.units,
        sales_by_week.net_sales,
        sales_by_week.returned_sales,
        sales_by_week.margin,
        sales_by_week.unconverted_lines,
        cast(
            sales_by_week.net_sales / nullif(sales_by_week.converted_orders, 0) as decimal(18, 2)
        ) as average_order_value,
        cast(
            cast(sales_by_week.net_sales - previous.net_sales as double)
            / nullif(cast(previous.net_sales as double), 0) as decimal(18, 4)
        ) as sales_growth

    from sales_by_week

    left join sales_by_week as previous
        on date_add('day', -7, sales_by_week.week_start) = previous.week_start

)

select * from final

order by week_start desc
