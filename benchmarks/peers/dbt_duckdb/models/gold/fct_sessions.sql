-- Visits of people: a pause of more than 30 minutes ends one. Robots are known by their user agent.
with

people as (

    select *
    from {{ ref('clickstream') }}
    where not regexp_matches(
        lower(coalesce(user_agent, '')),
        'bot|crawl|spider|slurp|headless|curl|wget|python-requests'
    )

),

marked as (

    select
        *,
        case
            when event_at <= lag(event_at) over by_visitor + interval 30 minute then 0
            else 1
        end as starts

    from people
    window by_visitor as (partition by visitor_id order by event_at, event_id)

),

numbered as (

    select
        *,
        sum(starts) over (
            partition by visitor_id order by event_at, event_id rows unbounded preceding
        ) as session_number

    from marked

)

select
    cast(min(event_at) as date) as session_date,
    md5(visitor_id || '-' || arg_min(event_id, (event_at, event_id))) as session_id,
    visitor_id,
    arg_max(customer_id, (event_at, event_id)) as customer_id,
    min(event_at) as started_at,
    max(event_at) as ended_at,
    count(*) as events,
    count(*) filter (where event_type = 'product_view') as product_views,
    count(*) filter (where event_type = 'add_to_cart') as cart_additions,
    count(distinct order_id) filter (where event_type = 'purchase') as purchases,
    arg_min(device, (event_at, event_id)) as device,
    case
        when arg_min(utm_medium, (event_at, event_id)) in ('cpc', 'ppc', 'paid', 'paid_social', 'display') then 'paid'
        when arg_min(utm_medium, (event_at, event_id)) is not null then 'campaign'
        when arg_min(referrer_host, (event_at, event_id)) is not null then 'referral'
        else 'direct'
    end as channel,
    max(
        case event_type
            when 'purchase' then 4
            when 'checkout' then 3
            when 'add_to_cart' then 2
            when 'product_view' then 1
            else 0
        end
    ) as deepest_stage

from numbered
group by visitor_id, session_number
