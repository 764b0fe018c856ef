-- Top products: the ten products with the highest net revenue in each currency, over the last 30 days with orders.
-- Owner: commerce-data. Parameters: none.
-- Cost: reads six columns of processed.transactions; add a condition on ordered_at for a longer history.
with

sold_lines as (

    select
        order_id,
        product_id,
        currency,
        order_date,
        quantity,
        net_revenue

    from processed.sold_lines

),

last_day as (

    select max(order_date) as order_date

    from sold_lines

),

revenue_by_product as (

    select
        sold_lines.currency,
        sold_lines.product_id,
        count(distinct sold_lines.order_id) as orders,
        sum(sold_lines.quantity) as units,
        sum(sold_lines.net_revenue) as net_revenue

    from sold_lines

    cross join last_day

    where sold_lines.order_date > date_add('day', -30, last_day.order_date)

    group by sold_lines.currency, sold_lines.product_id

),

ranked as (

    select
        currency,
        product_id,
        orders,
        units,
        net_revenue,
        row_number() over (partition by currency order by net_revenue desc, product_id asc) as revenue_rank

    from revenue_by_product

),

final as (

    select
        currency,
        revenue_rank,
        product_id,
        orders,
        units,
        net_revenue

    from ranked

    where revenue_rank <= 10

)

select * from final

order by currency asc, revenue_rank asc
