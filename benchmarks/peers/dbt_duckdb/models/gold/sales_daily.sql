select
    order_date,
    channel,
    country_code,
    currency,
    count(distinct order_id) filter (where is_sold) as orders,
    count(*) filter (where is_sold) as order_lines,
    count(*) filter (where not is_sold) as cancelled_lines,
    count(distinct customer_id) filter (where is_sold) as customers,
    coalesce(sum(quantity) filter (where is_sold), 0) as units,
    coalesce(sum(net_amount) filter (where is_sold), 0) as net_revenue,
    coalesce(sum(net_reporting) filter (where is_sold), 0) as net_reporting,
    coalesce(sum(net_reporting) filter (where is_returned), 0) as returned_reporting,
    coalesce(sum(net_reporting - cost_reporting) filter (where is_sold), 0) as margin_reporting

from {{ ref('order_lines') }}
group by order_date, channel, country_code, currency
