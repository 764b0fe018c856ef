select
    cast(date_trunc('month', order_date) as date) as month_start,
    channel,
    country_code,
    count(distinct order_id) filter (where is_sold) as orders,
    count(distinct customer_id) filter (where is_sold) as customers,
    coalesce(sum(quantity) filter (where is_sold), 0) as units,
    coalesce(sum(net_reporting) filter (where is_sold), 0) as net_reporting,
    coalesce(sum(net_reporting) filter (where is_returned), 0) as returned_reporting,
    round(sum(net_reporting) filter (where is_sold) / count(distinct order_id) filter (where is_sold), 2)
        as average_order_value

from {{ ref('order_lines') }}
group by month_start, channel, country_code
