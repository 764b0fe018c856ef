-- Runs: the newest 200 runs of each dataset, of the refresh and of maintenance, with rows, engine and cost.
-- Tables: ledger.runs.
-- Definition: docs/etl.md#what-dataset_etl-does.
-- Columns: started time, run_id text, workflow text, subject text, state text, seconds count, rows_read count, published count, quarantined count, duplicate count, engine text, cost usd, error text.
select
    started_at as started,
    run_id,
    workflow,
    subject,
    state,
    date_diff('second', started_at, ended_at) as seconds,
    rows_read,
    published,
    quarantined,
    duplicate,
    engine,
    cost_usd as cost,
    error

from ledger.runs

order by started desc, run_id
