-- Data freshness: when each table was last written, and whether that is longer ago than its contract promises.
-- Grain: table_name.
-- Owner: data-platform.
-- Parameters: none.
-- Scans: 0 kB of the demo's world.
with

tables as (

    select
        table_name,
        promised_hours,
        written_at

    from ops.table_freshness

),

final as (

    select
        table_name,
        written_at,
        date_diff('hour', written_at, current_timestamp) as hours_since_written,
        promised_hours,
        date_diff('minute', written_at, current_timestamp) > promised_hours * 60 as is_overdue

    from tables

)

select * from final

order by is_overdue desc nulls last, hours_since_written desc nulls first, table_name asc
