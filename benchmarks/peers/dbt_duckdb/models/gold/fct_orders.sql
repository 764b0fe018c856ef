-- One row per order. Cancelled lines are counted and are in no sum.
select
    order_date,
    order_id,
    min(ordered_at) as ordered_at,
    arg_min(customer_id, line_number) as customer_id,
    arg_min(channel, line_number) as channel,
    arg_min(country_code, line_number) as country_code,
    arg_min(currency, line_number) as currency,
    case
        when count(*) filter (where is_sold) = 0 then 'cancelled'
        when count(*) filter (where is_returned) = count(*) filter (where is_sold) then 'returned'
        when count(*) filter (where is_returned) > 0 then 'partly_returned'
        else arg_min(order_status, list_position(['placed', 'paid', 'shipped', 'delivered'], order_status))
            filter (where is_sold)
    end as order_status,
    count(*) filter (where is_sold) as order_lines,
    count(*) filter (where not is_sold) as cancelled_lines,
    count(*) filter (where is_returned) as returned_lines,
    coalesce(sum(quantity) filter (where is_sold), 0) as units,
    coalesce(sum(net_amount) filter (where is_sold), 0) as net_amount,
    coalesce(sum(net_reporting) filter (where is_sold), 0) as net_reporting,
    coalesce(sum(net_reporting) filter (where is_returned), 0) as returned_reporting,
    coalesce(sum(cost_reporting) filter (where is_sold), 0) as cost_reporting

from {{ ref('order_lines') }}
group by order_date, order_id
