-- Late orders: how long after their last change the lines of each day's orders came, and how many came too late.
-- Grain: order_date.
-- Owner: commerce-data.
-- Parameters: first_day date = 30 days ago, hours integer = 48.
-- Scans: 312 kB of the demo's world.
with

lines as (

    select
        cast(ordered_at as date) as order_date,
        order_id,
        date_diff('hour', updated_at, _ingested_at) as hours_late

    from processed.transactions

    where ordered_at >= cast(? as timestamp)

),

judged as (

    select
        order_date,
        order_id,
        hours_late,
        hours_late > ? as is_late

    from lines

),

final as (

    select
        order_date,
        count(distinct order_id) as orders,
        count(distinct case when is_late then order_id end) as late_orders,
        count(*) as order_lines,
        count_if(is_late) as late_lines,
        cast(cast(count_if(is_late) as double) / count(*) as decimal(5, 4)) as late_share,
        max(hours_late) as most_hours

    from judged

    group by order_date

)

select * from final

order by order_date desc
