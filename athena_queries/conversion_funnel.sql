-- Conversion funnel: of all sessions, the share that reached each step. Robots are left out; days are UTC.
-- Grain: device, channel.
-- Owner: web-analytics.
-- Parameters: first_day date = 30 days ago.
-- Scans: 9 kB of the demo's world.
with

funnel as (

    select
        device,
        channel,
        sessions,
        bounces,
        reached_product_view,
        reached_add_to_cart,
        reached_checkout,
        reached_purchase

    from curated.conversion_funnel

    where session_date >= ?

),

by_device as (

    select
        device,
        channel,
        sum(sessions) as sessions,
        sum(bounces) as bounces,
        sum(reached_product_view) as product_views,
        sum(reached_add_to_cart) as carts,
        sum(reached_checkout) as checkouts,
        sum(reached_purchase) as purchases

    from funnel

    group by device, channel

),

final as (

    select
        device,
        channel,
        sessions,
        purchases,
        cast(cast(bounces as double) / nullif(sessions, 0) as decimal(5, 4)) as bounce_rate,
        cast(cast(product_views as double) / nullif(sessions, 0) as decimal(5, 4)) as product_view_rate,
        cast(cast(carts as double) / nullif(sessions, 0) as decimal(5, 4)) as cart_rate,
        cast(cast(checkouts as double) / nullif(sessions, 0) as decimal(5, 4)) as checkout_rate,
        cast(cast(purchases as double) / nullif(sessions, 0) as decimal(5, 4)) as conversion_rate

    from by_device

)

select * from final

order by device asc, sessions desc, channel asc
