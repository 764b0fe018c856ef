"""Compare the tables that a peer made with the clean rows of the world: dirty rows in them, and rows missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from benchmarks.peers.truth import Dataset, Truth

GOLD_SQL = {
    "orders": "select count(distinct order_id) from {fct_orders}",
    "orders not cancelled": "select count(distinct order_id) from {fct_orders} where order_status <> 'cancelled'",
    "units sold": "select sum(units) from {fct_orders}",
    "net sales, EUR": "select sum(net_reporting) from {fct_orders}",
    "customers who bought": "select count(*) from {customer_rfm}",
    "sessions of people": "select count(*) from {fct_sessions}",
    "sessions with a purchase": "select count(*) from {fct_sessions} where purchases > 0",
    "products": "select count(*) from {dim_product} where is_current",
    "reviews that stand": "select count(*) from {fct_reviews}",
}


@dataclass(frozen=True)
class SilverFaults:
    """One silver table against the truth.

    rows, expected: rows it has and should have. made_up: rows whose key no clean row has. spoiled: rows of a true key
    that no clean row reads like. older: rows that are a clean row, but not the newest of their key.
    repeated: rows beyond the first of a key. missing: keys that are not there.
    """

    rows: int
    expected: int
    made_up: int
    spoiled: int
    older: int
    repeated: int
    missing: int

    @property
    def dirty(self) -> int:
        return self.made_up + self.spoiled


@dataclass(frozen=True)
class Findings:
    """All silver tables by dataset, gold by measure, and values of personal data that stand in reviews."""

    silver: dict[str, SilverFaults]
    gold: dict[str, Decimal]
    personal_data: int


def examine(truth: Truth, out: Path) -> Findings:
    """Examine a peer's tables in `out`: a DuckDB file with schemas silver and gold, or folders of Parquet files."""
    with attached(truth, out):
        return Findings(
            silver={dataset.name: silver_faults(truth, dataset, out) for dataset in truth.datasets},
            gold={name: _gold(truth, sql, out) for name, sql in GOLD_SQL.items()},
            personal_data=_personal_data(truth, out),
        )


@contextmanager
def attached(truth: Truth, out: Path) -> Iterator[None]:
    database = out / "peer.duckdb"
    if not database.exists():
        yield
        return
    truth.connection.execute(f"attach '{database}' as peer (read_only)")
    try:
        yield
    finally:
        truth.connection.execute("detach peer")


def table(out: Path, layer: str, name: str) -> str:
    if (out / "peer.duckdb").exists():
        return f"peer.{layer}.{name}"
    return f"read_parquet('{out}/{layer}/{name}/*.parquet')"


def silver_faults(truth: Truth, dataset: Dataset, out: Path) -> SilverFaults:
    query = truth.connection.sql
    truth.connection.execute(
        f"create or replace temp table peer_rows as select {dataset.typed} from {table(out, 'silver', dataset.name)}"
    )
    key, reads_like = ", ".join(dataset.keys), f"hash({', '.join(dataset.columns)})"
    same_key = " and ".join(f"peer_rows.{name} is not distinct from true_rows.{name}" for name in dataset.keys)

    def count(sql: str) -> int:
        return int((query(f"select count(*) from {sql}").fetchone() or (0,))[0])

    def without(rows: str, others: str) -> int:
        return count(f"{rows} where not exists (select 1 from {others} where {same_key})")

    def unlike(rows: str) -> int:
        return count(f"peer_rows where {reads_like} not in (select {reads_like} from {rows}_{dataset.name})")

    rows, newest, strange = count("peer_rows"), f"last_{dataset.name} as true_rows", unlike("all")
    made_up = without("peer_rows", newest)
    return SilverFaults(
        rows=rows,
        expected=count(newest),
        made_up=made_up,
        spoiled=strange - made_up,
        older=unlike("last") - strange,
        repeated=rows - count(f"(select distinct {key} from peer_rows)"),
        missing=without(newest, "peer_rows"),
    )


def _gold(truth: Truth, sql: str, out: Path) -> Decimal:
    names = ("fct_orders", "customer_rfm", "fct_sessions", "dim_product", "fct_reviews")
    found = truth.connection.sql(sql.format_map({name: table(out, "gold", name) for name in names})).fetchone()
    return Decimal(str((found or (0,))[0] or 0))


def _personal_data(truth: Truth, out: Path) -> int:
    """Values of persons that stand in the text of a review; decoys do not count."""
    texts = truth.connection.sql(
        "select review_id, concat_ws(' ', title, body) from " + table(out, "silver", "reviews")
    ).fetchall()
    by_review = dict(texts)
    planted = (item for item in truth.manifest.reviews.personal_data if not item.decoy)
    return sum(item.value in by_review.get(item.review_id, "") for item in planted)
