-- Freshness: when each table was last written, what its contract promises, and whether changes wait to be rebuilt.
-- Tables: ledger.tables.
-- Query: data_freshness.
-- Definition: docs/refresh.md#how-it-works.
-- Columns: table_name text, contract_version text, snapshot_id text, written time, promised_hours count, is_stale flag, row_count count.
select
    table_name,
    contract_version,
    snapshot_id,
    written_at as written,
    promised_hours,
    is_stale,
    row_count

from ledger.tables

order by table_name
