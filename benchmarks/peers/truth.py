"""The rows that the tables of a world must have: all but those that its manifest lists as dirty."""

import csv
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from cartlake import contracts
from generators.manifests.world import WorldManifest

TYPES = {"string": "varchar", "int": "integer"}
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Dataset:
    """A raw dataset: its columns with the types of DuckDB, its key, and the column whose greatest value wins."""

    name: str
    columns: dict[str, str]
    keys: tuple[str, ...]
    version: str

    @property
    def typed(self) -> str:
        return ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in self.columns.items())


@dataclass(frozen=True)
class Truth:
    """A connection with the tables `all_<dataset>`, all clean rows, and `last_<dataset>`, the newest of every key.

    gold: what the tables built from them must add up to.
    """

    connection: duckdb.DuckDBPyConnection
    datasets: tuple[Dataset, ...]
    manifest: WorldManifest
    gold: dict[str, Decimal]


def read_truth(world: Path) -> Truth:
    """Return the truth of a world. Raises RuntimeError when its files do not have the clean rows of its manifest."""
    manifest = WorldManifest.read(world)
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    datasets = tuple(_dataset(name) for name in manifest.arguments.datasets)
    with TemporaryDirectory() as folder:
        for dataset in datasets:
            clean = Path(folder) / f"{dataset.name}.csv"
            _write_clean_rows(world, manifest, dataset, clean)
            columns = ", ".join(f"'{name}': '{kind}'" for name, kind in dataset.columns.items())
            connection.execute(
                f"create table all_{dataset.name} as select * from read_csv('{clean}', columns = {{{columns}}},"
                " auto_detect = false, header = true, quote = '\"', escape = '\"')"
            )
            connection.execute(
                f"create table last_{dataset.name} as select * from all_{dataset.name} qualify row_number() over"
                f" (partition by {', '.join(dataset.keys)} order by {dataset.version} desc) = 1"
            )
    return Truth(connection, datasets, manifest, _gold(connection, manifest))


def _dataset(name: str) -> Dataset:
    table = contracts.load(name).table
    columns = {column.name: TYPES.get(column.type, column.type) for column in table.file_columns}
    version = str(table.version_column)
    return Dataset(name, columns, tuple(table.primary_key), version)


def _write_clean_rows(world: Path, manifest: WorldManifest, dataset: Dataset, clean: Path) -> None:
    truth = manifest.datasets[dataset.name]
    dirty: defaultdict[str, set[int]] = defaultdict(set)
    for planted in truth.dirt.values():
        for name, rows in planted.rows.items():
            dirty[name].update(rows)
    written = 0
    with clean.open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target)
        writer.writerow(dataset.columns)
        for file in truth.files:
            with (world / file.name).open(newline="", encoding="utf-8") as source:
                rows_of_file = csv.reader(source)
                next(rows_of_file)
                for number, row in enumerate(rows_of_file, start=1):
                    if number not in dirty[file.name]:
                        writer.writerow(row)
                        written += 1
    if written != truth.clean_rows:
        raise RuntimeError(f"{dataset.name} has {written} clean rows, its manifest says {truth.clean_rows}.")


def _gold(connection: duckdb.DuckDBPyConnection, manifest: WorldManifest) -> dict[str, Decimal]:
    def number(sql: str) -> Decimal:
        return Decimal((connection.sql(sql).fetchone() or (0,))[0])

    return {
        "orders": Decimal(manifest.orders.orders),
        "orders not cancelled": Decimal(manifest.orders.orders - manifest.orders.cancelled),
        "units sold": number("select sum(quantity) from last_transactions where order_status <> 'cancelled'"),
        "net sales, EUR": _net_in_euros(connection),
        "customers who bought": number(
            "select count(distinct customer_id) from last_transactions where order_status <> 'cancelled'"
        ),
        "sessions of people": Decimal(manifest.visits.sessions),
        "sessions with a purchase": Decimal(manifest.visits.by_deepest_stage["purchase"]),
        "products": number("select count(distinct product_id) from last_products"),
        "reviews that stand": number(
            "select count(*) from (select distinct product_id, customer_id from last_reviews)"
        ),
    }


def _net_in_euros(connection: duckdb.DuckDBPyConnection) -> Decimal:
    """Gross and discount of each sold line, each converted at the last known rate and rounded half up to the cent."""
    rates: defaultdict[str, list[tuple[Any, Decimal]]] = defaultdict(list)
    for currency, day, rate in connection.sql("select currency, rate_date, rate from last_fx_rates").fetchall():
        rates[currency].append((day, rate))
    for known in rates.values():
        known.sort()
    lines = connection.sql(
        "select currency, cast(ordered_at as date), quantity * unit_price, discount_amount from last_transactions"
        " where order_status <> 'cancelled'"
    ).fetchall()
    total = Decimal(0)
    for currency, day, gross, discount in lines:
        rate = Decimal(1)
        if currency != "EUR":
            place = bisect_right(rates[currency], day, key=lambda known: known[0])
            if place == 0:
                continue
            rate = rates[currency][place - 1][1]
        total += (gross / rate).quantize(CENT, ROUND_HALF_UP) - (discount / rate).quantize(CENT, ROUND_HALF_UP)
    return total
