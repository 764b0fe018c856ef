-- Customer lifetime value: the hundred customers who brought most so far, with their segment. Reporting currency.
-- Grain: golden_customer_id.
-- Owner: customer-data.
-- Parameters: none.
-- Scans: 55 kB of the demo's world.
with

lifetime_values as (

    select
        golden_customer_id,
        first_order_date,
        last_order_date,
        orders,
        units,
        revenue_reporting,
        returned_reporting,
        margin_reporting,
        average_order_value

    from curated.customer_ltv

),

segments as (

    select
        golden_customer_id,
        segment

    from curated.customer_segments

),

ranked as (

    select
        golden_customer_id,
        first_order_date,
        last_order_date,
        orders,
        units,
        revenue_reporting,
        returned_reporting,
        margin_reporting,
        average_order_value,
        row_number() over (order by revenue_reporting desc, golden_customer_id asc) as revenue_rank

    from lifetime_values

),

final as (

    select
        ranked.revenue_rank,
        ranked.golden_customer_id,
        segments.segment,
        ranked.first_order_date,
        ranked.last_order_date,
        ranked.orders,
        ranked.units,
        ranked.revenue_reporting as revenue,
        ranked.returned_reporting as returned_sales,
        ranked.margin_reporting as margin,
        ranked.average_order_value

    from ranked

    left join segments
        on ranked.golden_customer_id = segments.golden_customer_id

    where ranked.revenue_rank <= 100

)

select * from final

order by revenue_rank asc
