select
    session_date,
    device,
    channel,
    count(*) as sessions,
    count(*) filter (where events = 1) as bounces,
    count(*) filter (where deepest_stage >= 1) as reached_product_view,
    count(*) filter (where deepest_stage >= 2) as reached_add_to_cart,
    count(*) filter (where deepest_stage >= 3) as reached_checkout,
    count(*) filter (where deepest_stage >= 4) as reached_purchase

from {{ ref('fct_sessions') }}
group by session_date, device, channel
