-- Quality: rules of rows measured on each of the last 90 days, and how many were broken by how many rows, by table.
-- Tables: ops.quality_results, ledger.row_rules.
-- Query: quarantine_overview.
-- Definition: docs/contracts.md#row-rules.
-- Columns: day date, table_name text, severity text, measured count, broken count, broken_rows count.
select
    cast(measured.measured_at as date) as day,
    measured.table_name,
    measured.severity,
    count(*) as measured,
    count(*) filter (where measured.value > 0) as broken,
    cast(coalesce(sum(measured.value), 0) as bigint) as broken_rows

from ops.quality_results as measured

inner join ledger.row_rules as known
    on measured.table_name = known.table_name and measured.rule = known.rule

where measured.measured_at > (select max(newest.measured_at) - interval 90 day from ops.quality_results as newest)

group by all

order by day, measured.table_name, measured.severity
