-- Cost by query: what each query of the workgroup scanned and what that costs, dearest first.
-- Grain: query_name, query_hash.
-- Owner: data-platform.
-- Parameters: first_day varchar = 30 days ago, cents_per_terabyte integer = 500.
-- Scans: 9 kB of the demo's world.
-- Athena bills every query but failed ones for 10 MB at least: https://aws.amazon.com/athena/pricing/
with

history as (

    select
        query_name,
        query_hash,
        state,
        statement_type,
        scanned_bytes,
        total_milliseconds,
        reused_result,
        submitted_at

    from ops.query_history

    where day >= ?

),

billed as (

    select
        query_name,
        query_hash,
        state,
        total_milliseconds,
        submitted_at,
        scanned_bytes,
        case
            when statement_type <> 'DML' or reused_result or state = 'FAILED' then 0
            else greatest(scanned_bytes, 10000000)
        end as billed_bytes

    from history

),

final as (

    select
        query_name,
        query_hash,
        count(*) as queries,
        count_if(state = 'FAILED') as failed_queries,
        sum(scanned_bytes) as scanned_bytes,
        sum(billed_bytes) as billed_bytes,
        cast(cast(sum(billed_bytes) as double) * ? / 1e12 as decimal(18, 4)) as cost_cents,
        cast(avg(cast(total_milliseconds as double)) / 1000 as decimal(18, 3)) as average_seconds,
        max(submitted_at) as last_submitted_at

    from billed

    group by query_name, query_hash

)

select * from final

order by cost_cents desc, query_name asc, query_hash asc
