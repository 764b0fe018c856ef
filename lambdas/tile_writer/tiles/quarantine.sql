-- Quarantine: rows set aside in the last 90 days, by day, dataset and the rule they broke; a row counts under each rule.
-- Tables: ops.quarantine_rows.
-- Query: quarantine_overview.
-- Definition: docs/etl.md#what-dataset_etl-does.
-- Columns: day date, dataset text, rule text, quarantined count, replayed count.
select
    cast(quarantined_at as date) as day,
    dataset,
    broken.rule,
    count(*) as quarantined,
    count(replayed_at) as replayed

from ops.quarantine_rows

cross join unnest(reasons) as broken (rule)

where
    superseded_by is null
    and quarantined_at > (select max(newest.quarantined_at) - interval 90 day from ops.quarantine_rows as newest)

group by all

order by day, dataset, rule
