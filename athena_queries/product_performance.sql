-- Product performance: the hundred products of each month that brought most, from look to return. Reporting currency.
-- Grain: month_start, product_id.
-- Owner: commerce-data.
-- Parameters: first_month date = first of month, 1 month ago.
-- Scans: 142 kB of the demo's world.
with

performance as (

    select
        month_start,
        product_id,
        revenue_rank,
        viewers,
        cart_visitors,
        customers,
        orders,
        units,
        returned_units,
        return_rate,
        net_reporting,
        returned_reporting,
        margin_reporting

    from curated.product_performance

    where month_start >= ? and revenue_rank <= 100

),

products as (

    select
        product_id,
        product_name,
        category,
        brand,
        price_band,
        availability,
        rating_bayesian

    from curated.dim_product

    where is_current

),

final as (

    select
        performance.month_start,
        performance.revenue_rank,
        performance.product_id,
        products.product_name,
        products.category,
        products.brand,
        products.price_band,
        products.availability,
        products.rating_bayesian,
        performance.viewers,
        performance.cart_visitors,
        performance.customers,
        performance.orders,
        performance.units,
        performance.returned_units,
        performance.return_rate,
        performance.net_reporting as net_sales,
        performance.returned_reporting as returned_sales,
        performance.margin_reporting as margin,
        cast(
            cast(performance.margin_reporting as double)
            / nullif(cast(performance.net_reporting as double), 0) as decimal(9, 4)
        ) as margin_share,
        cast(
            cast(performance.customers as double) / nullif(performance.viewers, 0) as decimal(9, 4)
        ) as buyers_per_viewer

    from performance

    left join products
        on performance.product_id = products.product_id

)

select * from final

order by month_start desc, revenue_rank asc
