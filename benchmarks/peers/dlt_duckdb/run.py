"""`python run.py WORLD OUT [--contract freeze] [--reader arrow]`: load the files of a world by dlt, then gold by SQL.

Runs in the environment of `benchmarks.peers.environment`, which has dlt. A second run loads the files that are new.
Gold is the SQL of the dbt project beside it, so that both peers mean the same by every measure.

--contract: what dlt does with a value that does not fit its column; freeze stops the load, discard_row drops the row.
--reader: rows are checked by dlt value by value; arrow batches are typed by DuckDB's CSV reader, which is faster.
"""

import argparse
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GOLD = Path(__file__).parents[1] / "dbt_duckdb" / "models" / "gold"
GOLD_TABLES = (
    *("order_lines", "fct_orders", "sales_daily", "sales_monthly", "fct_sessions"),
    *("conversion_funnel", "dim_product", "customer_rfm", "fct_reviews"),
)
TYPES: dict[str, dict[str, Any]] = {
    "text": {"data_type": "text"},
    "int": {"data_type": "bigint"},
    "money": {"data_type": "decimal", "precision": 12, "scale": 2},
    "rate": {"data_type": "decimal", "precision": 18, "scale": 8},
    "bool": {"data_type": "bool"},
    "date": {"data_type": "date"},
    "time": {"data_type": "timestamp", "timezone": False},
}
DUCKDB_TYPES = {
    "text": "varchar",
    "int": "bigint",
    "money": "decimal(12,2)",
    "rate": "decimal(18,8)",
    "bool": "boolean",
    "date": "date",
    "time": "timestamp",
}
COLUMNS = {
    "transactions": (
        "order_id line_number:int customer_id customer_email product_id order_status channel payment_method"
        " country_code currency quantity:int unit_price:money discount_amount:money tax_amount:money line_total:money"
        " ordered_at:time updated_at:time"
    ),
    "customers": (
        "customer_id source_system first_name last_name email phone birth_date:date street postal_code city"
        " country_code marketing_consent:bool registered_at:time updated_at:time"
    ),
    "products": (
        "product_id product_name category brand vendor_id list_price:money unit_cost:money stock_quantity:int"
        " is_active:bool launched_on:date updated_at:time"
    ),
    "vendors": "vendor_id vendor_name country_code contact_email lead_time_days:int is_active:bool updated_at:time",
    "fx_rates": "rate_date:date currency rate:rate updated_at:time",
    "clickstream": (
        "event_id event_at:time event_type visitor_id customer_id page_path product_id order_id referrer_host"
        " utm_source utm_medium utm_campaign device user_agent country_code received_at:time"
    ),
    "reviews": (
        "review_id order_id customer_id product_id purchased_on:date rating:int title body reviewed_at:time"
        " updated_at:time"
    ),
}
# Key, and the column whose greatest value wins.
KEYS = {
    "transactions": (("order_id", "line_number"), "updated_at"),
    "customers": (("customer_id", "updated_at"), "updated_at"),
    "products": (("product_id", "updated_at"), "updated_at"),
    "vendors": (("vendor_id", "updated_at"), "updated_at"),
    "fx_rates": (("rate_date", "currency"), "updated_at"),
    "clickstream": (("event_id",), "received_at"),
    "reviews": (("review_id",), "updated_at"),
}


def main(world: Path, out: Path, contract: str, reader: str) -> None:
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}
    import dlt  # type: ignore[import-not-found] # noqa: PLC0415 - another environment has it

    out.mkdir(parents=True, exist_ok=True)
    pipeline = dlt.pipeline(
        pipeline_name="peer",
        pipelines_dir=str(out / "pipelines"),
        destination=dlt.destinations.duckdb(str(out / "peer.duckdb")),
        dataset_name="silver",
    )
    pipeline.run([silver(world, table, contract, reader) for table in COLUMNS])
    with pipeline.sql_client() as client:
        client.execute_sql("create schema if not exists gold")
        for table in GOLD_TABLES:
            client.execute_sql(f"create or replace table gold.{table} as {gold_sql(table)}")


def silver(world: Path, table: str, contract: str, reader: str) -> Any:
    """One dataset: its new files, read, typed by hints, and merged by key."""
    import dlt  # noqa: PLC0415
    from dlt.sources.filesystem import filesystem, read_csv_duckdb  # type: ignore[import-not-found] # noqa: PLC0415

    files = filesystem(bucket_url=(world / table).resolve().as_uri(), file_glob="*.csv")
    files.apply_hints(incremental=dlt.sources.incremental("modification_date"))
    types = dict(column.partition(":")[::2] for column in COLUMNS[table].split())
    keys, version = KEYS[table]
    # Said, not guessed: a dirty line at the top of a small file misleads DuckDB's sniffer.
    dialect = {"header": True, "delimiter": ",", "quotechar": '"', "escapechar": '"'}
    lenient = {"strict_mode": True, "ignore_errors": True}
    if reader == "arrow":
        typed = {name: DUCKDB_TYPES[kind or "text"] for name, kind in types.items()}
        formats = {"date_format": "%Y-%m-%d", "timestamp_format": "%Y-%m-%dT%H:%M:%SZ"}
        rows = files | read_csv_duckdb(
            chunk_size=100_000, use_pyarrow=True, dtype=typed, **dialect, **formats, **lenient
        )
        rows.add_map(lambda batch: batch.filter(has_values(batch, keys)))
    else:
        rows = files | read_csv_duckdb(chunk_size=10_000, all_varchar=True, **dialect, **lenient)
        # Without its key a row would stop the whole load.
        rows.add_filter(lambda row: all(row[key] is not None for key in keys))
    columns = {name: {**TYPES[kind or "text"]} for name, kind in types.items()}
    columns[version]["dedup_sort"] = "desc"
    return rows.with_name(table).apply_hints(
        table_name=table,
        write_disposition="merge",
        primary_key=keys,
        columns=columns,
        schema_contract={"tables": "evolve", "columns": "freeze", "data_type": contract},
    )


def has_values(batch: Any, columns: tuple[str, ...]) -> Any:
    import pyarrow.compute as pc  # noqa: PLC0415

    mask = pc.is_valid(batch[columns[0]])
    for column in columns[1:]:
        mask = pc.and_(mask, pc.is_valid(batch[column]))
    return mask


def gold_sql(table: str) -> str:
    def physical(match: re.Match[str]) -> str:
        return f"gold.{match[1]}" if match[1] in GOLD_TABLES else f"silver.{match[1]}"

    return re.sub(r"\{\{ ref\('(\w+)'\) \}\}", physical, (GOLD / f"{table}.sql").read_text())


def _arguments() -> Iterator[Any]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("world", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--contract", choices=("freeze", "discard_row"), default="discard_row")
    parser.add_argument("--reader", choices=("rows", "arrow"), default="rows")
    yield from vars(parser.parse_args()).values()


if __name__ == "__main__":
    main(*_arguments())
