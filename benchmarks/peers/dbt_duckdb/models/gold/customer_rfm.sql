-- Recency, frequency and monetary value of every customer_id, in fifths.
with customers as (

    select
        customer_id,
        max(order_date) as last_order_date,
        count(*) as frequency,
        sum(net_reporting - returned_reporting) as monetary

    from {{ ref('fct_orders') }}
    where order_status <> 'cancelled'
    group by customer_id

)

select
    *,
    ntile(5) over (order by last_order_date, customer_id) as recency_score,
    ntile(5) over (order by frequency, customer_id) as frequency_score,
    ntile(5) over (order by monetary, customer_id) as monetary_score

from customers
