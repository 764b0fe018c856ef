-- Conversion by device: one row per device and channel, sessions of the last 30 days that have any. UTC days.
-- A step's rate is its share of all sessions, so the steps of a row fall from left to right.
-- Owner: web-analytics. Parameters: none.
-- Cost: reads curated.conversion_funnel, a few kilobytes a day.
with

funnel as (

    select
        session_date,
        device,
        channel,
        sessions,
        bounces,
        reached_product_view,
        reached_add_to_cart,
        reached_checkout,
        reached_purchase

    from curated.conversion_funnel

),

last_day as (

    select max(session_date) as session_date

    from funnel

),

by_device as (

    select
        funnel.device,
        funnel.channel,
        sum(funnel.sessions) as sessions,
        sum(funnel.bounces) as bounces,
        sum(funnel.reached_product_view) as product_views,
        sum(funnel.reached_add_to_cart) as carts,
        sum(funnel.reached_checkout) as checkouts,
        sum(funnel.reached_purchase) as purchases

    from funnel

    cross join last_day

    where funnel.session_date > date_add('day', -30, last_day.session_date)

    group by funnel.device, funnel.channel

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
