-- Basket affinity: the fifty pairs of products that are bought together most beyond chance, by lift.
-- Grain: first_product_id, second_product_id.
-- Owner: commerce-data.
-- Parameters: first_day date = 90 days ago, least_orders integer = 5.
-- Scans: 165 kB of the demo's world.
-- Support is the share of orders with both, confidence the share of orders with the first that have the second too,
-- lift the support over what it were if both were bought independently (Agrawal et al., 1993; Brin et al., 1997).
with

baskets as (

    select distinct
        order_id,
        product_id

    from processed.order_lines

    where order_date >= ? and is_sold

),

totals as (

    select count(distinct order_id) as orders

    from baskets

),

orders_by_product as (

    select
        product_id,
        count(*) as orders

    from baskets

    group by product_id

),

pairs as (

    select
        one.product_id as first_product_id,
        other.product_id as second_product_id,
        count(*) as orders

    from baskets as one

    inner join baskets as other
        on one.order_id = other.order_id and one.product_id < other.product_id

    group by one.product_id, other.product_id

    having count(*) >= ?

),

final as (

    select
        pairs.first_product_id,
        pairs.second_product_id,
        pairs.orders,
        cast(cast(pairs.orders as double) / totals.orders as decimal(9, 6)) as support,
        cast(cast(pairs.orders as double) / firsts.orders as decimal(9, 4)) as confidence,
        cast(
            cast(pairs.orders as double) * totals.orders / (cast(firsts.orders as double) * seconds.orders)
            as decimal(18, 4)
        ) as lift

    from pairs

    inner join orders_by_product as firsts
        on pairs.first_product_id = firsts.product_id

    inner join orders_by_product as seconds
        on pairs.second_product_id = seconds.product_id

    cross join totals

)

select * from final

order by lift desc, orders desc, first_product_id asc, second_product_id asc

limit 50
