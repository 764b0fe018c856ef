-- Top products: the ten that brought most, cancelled lines left out. Reporting currency. Returned lines count as sold.
-- Grain: product_id.
-- Owner: commerce-data.
-- Parameters: first_day date = 30 days ago.
-- Scans: 330 kB of the demo's world.
with

sold_lines as (

    select
        order_id,
        product_id,
        quantity,
        net_reporting

    from processed.order_lines

    where order_date >= ? and is_sold

),

products as (

    select
        product_id,
        product_name,
        category

    from curated.dim_product

    where is_current

),

sales_by_product as (

    select
        product_id,
        count(distinct order_id) as orders,
        sum(quantity) as units,
        sum(net_reporting) as net_sales,
        count_if(net_reporting is null) as unconverted_lines

    from sold_lines

    group by product_id

),

ranked as (

    select
        product_id,
        orders,
        units,
        net_sales,
        unconverted_lines,
        row_number() over (order by net_sales desc nulls last, product_id asc) as sales_rank

    from sales_by_product

),

final as (

    select
        ranked.sales_rank,
        ranked.product_id,
        products.product_name,
        products.category,
        ranked.orders,
        ranked.units,
        ranked.net_sales,
        ranked.unconverted_lines

    from ranked

    left join products
        on ranked.product_id = products.product_id

    where ranked.sales_rank <= 10

)

select * from final

order by sales_rank asc
