-- Quarantine overview: which rule set how many rows aside, how many of them were replayed, and how many still wait.
-- Grain: dataset, reason, contract_version.
-- Owner: data-platform.
-- Parameters: first_day date = 30 days ago.
-- Scans: 106 kB of the demo's world.
with

quarantined as (

    select
        row_id,
        dataset,
        run_id,
        reasons,
        contract_version,
        quarantined_at,
        replayed_at

    from ops.quarantine_rows

    where
        quarantined_at >= cast(? as timestamp)
        and superseded_by is null

),

reasons as (

    select
        quarantined.dataset,
        broken.reason,
        quarantined.contract_version,
        quarantined.run_id,
        quarantined.quarantined_at,
        quarantined.replayed_at

    from quarantined

    cross join unnest(quarantined.reasons) as broken (reason)

),

final as (

    select
        dataset,
        reason,
        contract_version,
        count(*) as quarantined_rows,
        count(replayed_at) as replayed_rows,
        count(*) - count(replayed_at) as waiting_rows,
        count(distinct run_id) as runs,
        min(quarantined_at) as first_at,
        max(quarantined_at) as last_at

    from reasons

    group by dataset, reason, contract_version

)

select * from final

order by waiting_rows desc, dataset asc, reason asc, contract_version asc
