"""Compares generated files with the lake: every row of every dataset, and counts in the built tables."""

# ruff: noqa: S608 - table names are the environment's, run ids are literals

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cartlake.contracts.rules.sql import text_literal
from cartlake.ledger import FileRecord, FileState
from cartlake_cli.athena.client import athena_of
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError

COLUMNS = ["dataset", "files", "read", "quarantined", "published", "duplicate", "in table", "planted", "holds"]
SHARE_OF_PEOPLE = 0.01
"""The allowed error of the number of people, 1 %: record linkage is an estimate. All other counts are exact."""

WHERE_ROWS_GO = ("published", "quarantined", "duplicate")


def reconcile_datasets(
    lake: Lake, manifest: Mapping[str, Any], processed: Iterable[FileRecord]
) -> list[dict[str, Any]]:
    """Return a line per dataset: its rows by outcome and what was generated; `holds` is true if all of it agrees.

    Files dropped again are known by their content: their rows were counted by the run that loaded them first.
    Raises CommandError when a file was not loaded, or a run also loaded other files, whose rows cannot be told apart.
    """
    files = list(processed)
    by_dataset = {name: [file for file in files if file.dataset == name] for name in manifest["datasets"]}
    return [_dataset_line(lake, name, manifest["datasets"][name], found) for name, found in by_dataset.items() if found]


def _dataset_line(lake: Lake, name: str, truth: Mapping[str, Any], files: list[FileRecord]) -> dict[str, Any]:
    runs = loading_runs(lake, files)
    counts = [run.counts.model_dump() for run in map(lake.ledger.runs.get, runs) if run and run.counts]
    went = {where: sum(count[where] for count in counts) for where in ("read", *WHERE_ROWS_GO)}
    stored = _rows_of_runs(lake, "processed", name, runs)
    refused = _rows_of_runs(lake, "ops", "quarantine_rows", runs, column="run_id")
    holds = (
        len(files) == len(truth["files"])
        and went["read"] == truth["rows"] == sum(went[where] for where in WHERE_ROWS_GO)
        and went["quarantined"] == truth["expected_quarantined"] == refused
        and stored == truth["keys"]
    )
    planted = f"{truth['rows']:,} rows, {truth['expected_quarantined']:,} dirty, {truth['keys']:,} keys"
    return {"dataset": name, "files": len(files), **went, "in table": stored, "planted": planted, "holds": holds}


def loading_runs(lake: Lake, files: Sequence[FileRecord]) -> list[str]:
    """Return the runs that loaded these files, or the files they duplicate. Raises CommandError for other files."""
    # The rows of a duplicate were counted by the run that loaded the file it duplicates.
    firsts = [lake.ledger.files.get(file.duplicate_of) if file.duplicate_of else file for file in files]
    not_loaded = [file.key for file in firsts if file.state is not FileState.LOADED]
    if not_loaded:
        raise CommandError(f"These files were not loaded: {', '.join(not_loaded)}. `lake files` says why.")
    run_ids = sorted({str(file.run_id) for file in firsts})
    ours = {file.file_id for file in firsts}
    others = [file.key for run in run_ids for file in lake.ledger.runs.files(run) if file.file_id not in ours]
    if others:
        msg = f"The same runs also loaded {', '.join(others)}. Run the demo again when nothing else is dropped."
        raise CommandError(msg)
    return run_ids


def _rows_of_runs(lake: Lake, database: str, table: str, runs: Sequence[str], column: str = "_run_id") -> int:
    listed = ", ".join(text_literal(run_id) for run_id in runs)
    return _number(
        lake, f"select count(*) from {lake.outputs.databases[database]}.{table} where {column} in ({listed})"
    )


def reconcile_world(lake: Lake, manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a line per count of the generated data, with that of the built tables.

    The tables are built from all orders in the lake, so the result is empty when it also has other orders.
    """
    processed, curated = lake.outputs.databases["processed"], lake.outputs.databases["curated"]
    of_checkout = _number(lake, f"select count(*) from {processed}.transactions")
    of_shops = _number(lake, f"select count(*) from {processed}.shop_order_lines")
    if of_shops or of_checkout != manifest["datasets"]["transactions"]["keys"]:
        lake.output.say(
            "The lake also has other orders, so the built tables are not compared with the generated files."
        )
        return []
    orders, visits, reviews = manifest["orders"], manifest["visits"], manifest["reviews"]
    wanted = {
        "orders": (orders["orders"], f"select count(*) from {curated}.fct_orders"),
        "cancelled orders": (
            orders["cancelled"],
            f"select count(*) from {curated}.fct_orders where order_status = 'cancelled'",
        ),
        "sessions of people, robots left out": (visits["sessions"], f"select count(*) from {curated}.fct_sessions"),
        "sessions with a purchase": (
            visits["by_deepest_stage"]["purchase"],
            f"select count(*) from {curated}.fct_sessions where deepest_stage = 'purchase'",
        ),
        "reviews without a known purchase": (
            reviews["unmatched"],
            f"select count(*) from {processed}.verified_reviews where not is_verified_purchase",
        ),
        "products, the unknown one left out": (
            manifest["catalogue"]["products"],
            f"select count(*) from {curated}.dim_product where is_current and product_id <> 'PRD-UNKNOWN'",
        ),
    }
    lines = []
    for what, (planted, sql) in wanted.items():
        found = _number(lake, sql)
        lines.append({"what": what, "planted": planted, "found": found, "holds": planted == found})
    people = manifest["people"]["people"]
    found = _number(lake, people_sql(curated))
    close = abs(found - people) <= people * SHARE_OF_PEOPLE
    what = "people behind the customer records, within 1 %"
    return [*lines, {"what": what, "planted": people, "found": found, "holds": close}]


def people_sql(curated: str) -> str:
    """Return the query of how many people are behind the generated records: who is a contact of HubSpot alone is not.

    `curated` is the database of the marts.
    """
    return (
        f"select count(*) as people from {curated}.dim_customer where is_current "
        "and golden_customer_id <> 'GLD-UNKNOWN' and source_systems <> array['hubspot']"
    )


def _number(lake: Lake, sql: str) -> int:
    return int(athena_of(lake).run(sql).scalar() or 0)
