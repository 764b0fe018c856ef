-- Funnel: sessions that came as far as each step to a purchase, on each of the last 400 days, by device and channel.
-- Tables: curated.conversion_funnel.
-- Query: conversion_funnel.
-- Definition: docs/definitions.md#sessions.
-- Columns: day date, device text, channel text, sessions count, bounces count, product_views count, carts count, checkouts count, purchases count.
select
    session_date as day,
    device,
    channel,
    sum(sessions) as sessions,
    sum(bounces) as bounces,
    sum(reached_product_view) as product_views,
    sum(reached_add_to_cart) as carts,
    sum(reached_checkout) as checkouts,
    sum(reached_purchase) as purchases

from curated.conversion_funnel

where session_date > (select max(newest.session_date) - 400 from curated.conversion_funnel as newest)

group by all

order by day, device, channel
