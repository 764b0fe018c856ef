"""Marts of a made-up shop in a DuckDB connection: the same rows every time, with seasons, returns and gaps."""

import json
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb

from cartlake import contracts
from glue_jobs.engines.duckdb.session import Session, prepare
from glue_jobs.engines.duckdb.types import contract_type
from lambdas.tile_writer.adapters import LEDGER_TABLES, TileSource, read_tiles, register_ledger
from lambdas.tile_writer.domain import Source, shown_columns, tile_document
from lambdas.tile_writer.explore import FORMAT, ExploreIndex, export

NOW = datetime(2026, 11, 29, 14, 2, tzinfo=UTC)
LAST_DAY = date(2026, 11, 28)
RUN_ID = "refresh-20261129T140100-a1b2c3"
CHANNELS = {"web": 0.55, "app": 0.3, "marketplace": 0.15}
COUNTRIES = {"DE": 0.34, "FR": 0.2, "NL": 0.12, "ES": 0.11, "IT": 0.1, "AT": 0.07, "BE": 0.06}
SOURCES = {"organic_search": 0.3, "direct": 0.22, "paid_search": 0.17, "email": 0.12, "social": 0.11, "referral": 0.08}
DEVICES = {"mobile": 0.58, "desktop": 0.34, "tablet": 0.08}
CATEGORIES = ("Audio", "Books", "Garden", "Kitchen", "Sports", "Toys")
ADJECTIVES = ("Quiet", "Solid", "Bright", "Compact", "Classic", "Nordic", "Everyday")
NOUNS = ("Lamp", "Speaker", "Kettle", "Atlas", "Racket", "Puzzle", "Planter", "Headphones", "Pan", "Bottle")
SEGMENTS = {
    (5, 5): "champions", (5, 4): "champions", (4, 5): "loyal", (4, 4): "loyal", (3, 5): "loyal",
    (5, 3): "potential_loyalist", (5, 2): "potential_loyalist", (5, 1): "new", (4, 3): "potential_loyalist",
    (4, 2): "promising", (4, 1): "promising", (3, 4): "loyal", (3, 3): "need_attention",
    (3, 2): "about_to_sleep", (3, 1): "about_to_sleep", (2, 5): "cannot_lose",
    (1, 5): "cannot_lose", (2, 4): "at_risk", (2, 3): "at_risk", (1, 4): "at_risk", (1, 3): "hibernating",
    (2, 2): "hibernating", (2, 1): "lost", (1, 2): "lost", (1, 1): "lost",
}  # fmt: skip


def cents(value: float) -> Decimal:
    return Decimal(round(value * 100)) / 100


def tile_source(folder: Path, days: int = 430, *, filled: bool = True) -> TileSource:
    """The marts as the tile writer sees them: only the columns that tiles may read. Not `filled`, nothing ever ran."""
    connection = duckdb.connect()
    prepare(connection)
    session = Session(connection, folder)
    chance, sources = random.Random(7), {}
    rows = {
        "curated.sales_daily": sales(chance, days),
        "curated.conversion_funnel": funnel(chance, days),
        "curated.product_performance": performance(chance),
        "curated.dim_product": products(chance),
        "curated.customer_segments": segments(chance),
        "curated.cohort_retention": cohorts(chance),
        "curated.customer_ltv": lifetime_values(chance),
        "ops.quarantine_rows": quarantined(chance),
        "ops.quality_results": measured(chance),
    }
    for contract in contracts.load_all():
        for table in contract.tables:
            if table.physical_name in rows:
                fill(session, table, rows[table.physical_name] if filled else [])
            upstreams = tuple(up.table for up in table.build.upstreams) if table.build else ()
            written = NOW - timedelta(hours=60 if table.bare_name == "customers" else 1)
            number = str(8_000_000_000_000_000_001 + len(sources)) if table.physical_name in rows else None
            sources[table.physical_name] = Source(
                table.physical_name, contract.version, number, written, table.promised_hours, upstreams, 1000
            )
    known = ledger(chance, sources)
    register_ledger(session, known if filled else {**known, "ledger.runs": []})
    return TileSource(session, sources)


def fill(session: Session, table, rows) -> None:
    """Make a table with all columns of the contract, and the view of those that tiles may read."""
    session.execute(f"create schema if not exists {table.database}")
    session.execute("create schema if not exists stored")
    types = {column.name: contract_type(column.type) for column in table.columns}
    path = session.folder / f"{table.bare_name}.jsonl"
    path.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in types.items())
    session.execute(
        f"create table stored.{table.bare_name} as select * from "
        f"read_json('{path}', format = 'newline_delimited', columns = {{{columns}}})"
    )
    shown = ", ".join(shown_columns(table))
    session.execute(f"create view {table.physical_name} as select {shown} from stored.{table.bare_name}")


def season(day: date) -> float:
    """How much of a usual day is sold on it: more at weekends, most before Christmas."""
    return (
        (1.25 if day.weekday() >= 5 else 1.0)
        * (1.6 if day.month in (11, 12) else 1.0)
        * (1 + day.toordinal() % 17 / 80)
    )


def sales(chance, days):
    for back in range(days):
        day = LAST_DAY - timedelta(days=back)
        growth = 1.35 - 0.35 * back / days
        for channel, share in CHANNELS.items():
            for country, part in COUNTRIES.items():
                orders = round(900 * share * part * season(day) * growth * chance.uniform(0.8, 1.2))
                if orders == 0 or chance.random() < 0.01:
                    continue
                gross = cents(orders * chance.uniform(52, 88))
                discount = cents(float(gross) * chance.uniform(0.02, 0.09))
                net = gross - discount
                uncosted = int(chance.random() < 0.04)
                cost = cents(float(net) * chance.uniform(0.52, 0.63))
                lines = round(orders * 1.6)
                yield {
                    "order_date": day, "channel": channel, "country_code": country, "currency": "EUR",
                    "orders": orders, "order_lines": lines, "units": lines + orders, "gross_revenue": gross,
                    "discounts": discount, "taxes": 0, "net_revenue": net, "cancelled_lines": 3, "refunded_lines": 2,
                    "customers": orders, "returned_revenue": cents(float(net) * 0.06), "unconverted_lines": 0,
                    "uncosted_lines": uncosted, "gross_reporting": gross, "discount_reporting": discount,
                    "net_reporting": net, "tax_reporting": 0, "returned_reporting": cents(float(net) * 0.06),
                    "cost_reporting": cost, "margin_reporting": net - cost - (cents(12.5) if uncosted else 0),
                    "_updated_at": NOW, "_run_id": RUN_ID,
                }  # fmt: skip


def funnel(chance, days):
    for back in range(days):
        day = LAST_DAY - timedelta(days=back)
        for device, share in DEVICES.items():
            for channel, part in SOURCES.items():
                sessions = round(30_000 * share * part * season(day) * chance.uniform(0.9, 1.1))
                views = round(sessions * chance.uniform(0.6, 0.7))
                carts = round(views * chance.uniform(0.2, 0.26))
                checkouts = round(carts * chance.uniform(0.45, 0.55))
                bought = round(checkouts * (0.62 if device == "desktop" else 0.5) * chance.uniform(0.9, 1.1))
                yield {
                    "session_date": day, "device": device, "channel": channel, "sessions": sessions,
                    "bounces": round(sessions * 0.31), "identified_sessions": round(sessions * 0.4),
                    "reached_product_view": views, "reached_add_to_cart": carts, "reached_checkout": checkouts,
                    "reached_purchase": min(bought, checkouts), "_updated_at": NOW, "_run_id": RUN_ID,
                }  # fmt: skip


def products(chance):
    for number in range(120):
        name = f"{ADJECTIVES[number % 7]} {NOUNS[number % 10]} {100 + number}"
        yield {
            "product_key": f"{number:064x}", "product_id": f"PRD-{number:05d}", "is_current": True,
            "product_name": name, "category": CATEGORIES[number % 6], "brand": f"Brand {chr(65 + number % 9)}",
            "valid_from": NOW - timedelta(days=500),
        }  # fmt: skip


def performance(chance):
    for back in range(13):
        month = date(2026 - (back > 10), (10 - back) % 12 + 1, 1)
        sold = sorted((cents(chance.expovariate(1 / 9000)) for _ in range(121)), reverse=True)
        for rank, net in enumerate(sold, start=1):
            # The last product is one that no product file has named yet.
            number = (rank * 37 + back) % 121
            units = max(1, round(float(net) / 48))
            returned = round(units * chance.uniform(0, 0.14))
            cost = cents(float(net) * chance.uniform(0.5, 0.7))
            yield {
                "month_start": month, "product_id": f"PRD-{number:05d}", "units": units, "returned_units": returned,
                "orders": units, "customers": units, "unconverted_lines": 0, "uncosted_lines": 0,
                "gross_reporting": net, "net_reporting": net, "cost_reporting": cost, "margin_reporting": net - cost,
                "returned_reporting": cents(float(net) * returned / units),
                "viewers": units * 21, "cart_visitors": units * 3,
                "revenue_rank": rank, "_updated_at": NOW, "_run_id": RUN_ID,
            }  # fmt: skip


def segments(chance):
    for number in range(4000):
        recency = chance.randint(1, 5)
        frequency = min(5, max(1, round(chance.gauss(recency, 1.3))))
        orders = frequency * chance.randint(1, 3)
        yield {
            "golden_customer_id": f"GLD-{number:07d}", "segment": SEGMENTS[recency, frequency],
            "recency_score": recency, "frequency_score": frequency, "monetary_score": 3,
            "rfm_score": f"{recency}{frequency}3", "as_of_date": LAST_DAY, "last_order_date": LAST_DAY,
            "frequency": orders,
            "revenue_reporting": cents(orders * chance.uniform(30, 140)), "_updated_at": NOW, "_run_id": RUN_ID,
        }  # fmt: skip


def cohorts(chance):
    for back in range(13):
        cohort = date(2026 - (back > 10), (10 - back) % 12 + 1, 1)
        customers, total = chance.randint(500, 900), Decimal(0)
        for since in range(back + 1):
            active = customers if since == 0 else round(customers * chance.uniform(0.16, 0.22) / (1 + since * 0.09))
            revenue = cents(active * chance.uniform(60, 80))
            total += revenue
            yield {
                "cohort_month": cohort, "months_since": since, "customers": customers, "active_customers": active,
                "retention_rate": round(active / customers, 4), "orders": active, "revenue_reporting": revenue,
                "cumulative_revenue": total, "_updated_at": NOW, "_run_id": RUN_ID,
            }  # fmt: skip


def lifetime_values(chance):
    for number in range(4000):
        revenue = cents(chance.lognormvariate(5.2, 1.0))
        orders = chance.choice([1, 1, 1, 2, 3, 5])
        yield {
            "golden_customer_id": f"GLD-{number:07d}", "orders": orders, "repeat_orders": orders - 1,
            "revenue_reporting": revenue, "margin_reporting": cents(float(revenue) * 0.38),
        }  # fmt: skip


def quarantined(chance):
    rules = {
        "transactions": ["quantity_positive", "uncastable:unit_price"],
        "customers": ["email_valid"],
        "clickstream": ["malformed_row"],
    }
    for back in range(30):
        for dataset, reasons in rules.items():
            for number in range(chance.randint(0, 6)):
                at = datetime(2026, 11, 28, 3, tzinfo=UTC) - timedelta(days=back)
                yield {
                    "row_id": f"{dataset}{back}{number}", "dataset": dataset, "run_id": "run", "file_id": "file",
                    "source_file": "s3://raw/file.csv", "raw_record": '{"email": "anna@example.com"}',
                    "reasons": chance.sample(reasons, chance.randint(1, len(reasons))), "contract_version": "1.0.0",
                    "quarantined_at": at, "replayed_at": at if chance.random() < 0.3 else None,
                }  # fmt: skip


def measured(chance):
    rules = [
        (table.physical_name, rule)
        for contract in contracts.load_all()
        for table in contract.tables
        for rule in table.row_rules
        if table.database == "processed"
    ]
    for back in range(30):
        at = datetime(2026, 11, 28, 3, tzinfo=UTC) - timedelta(days=back)
        for table, rule in rules:
            broken = chance.randint(1, 9) if chance.random() < 0.05 else 0
            yield {
                "run_id": f"run-{back}", "dataset": "orders", "table_name": table, "rule": rule.name,
                "severity": str(rule.severity), "value": float(broken), "measured_at": at,
            }  # fmt: skip


def ledger(chance, sources):
    runs = []
    for back in range(30):
        for subject in ("transactions", "clickstream", "customers", "products", "refresh"):
            at = datetime(2026, 11, 28, 3, tzinfo=UTC) - timedelta(days=back, minutes=chance.randint(0, 50))
            read = chance.randint(2_000, 60_000)
            refused, repeated = chance.randint(0, 20), chance.randint(0, 300)
            failed = subject == "customers" and back == 4
            counted = subject != "refresh" and not failed
            runs.append(
                {
                    "run_id": f"{subject}-{at:%Y%m%dT%H%M%S}-{chance.randrange(16**6):06x}",
                    "workflow": "refresh" if subject == "refresh" else "ingest",
                    "subject": subject,
                    "state": "FAILED" if failed else "SUCCEEDED",
                    "started_at": at.isoformat(),
                    "ended_at": (at + timedelta(seconds=chance.randint(5, 90))).isoformat(),
                    "rows_read": read if counted else None,
                    "published": read - refused - repeated if counted else None,
                    "quarantined": refused if counted else None,
                    "duplicate": repeated if counted else None,
                    "engine": "spark" if read > 55_000 else "light",
                    "cost_usd": round(chance.uniform(0.0001, 0.002), 8),
                    "error": "ContractBrokenError" if failed else None,
                }
            )
    tables = [
        {
            "table_name": source.table, "contract_version": source.contract_version, "snapshot_id": source.snapshot_id,
            "written_at": source.written_at.isoformat(), "promised_hours": source.promised_hours,
            "is_stale": source.table == "curated.customer_ltv", "row_count": source.rows,
        }
        for source in sources.values()
    ]  # fmt: skip
    rules = [
        {"table_name": table.physical_name, "rule": rule.name}
        for contract in contracts.load_all()
        for table in contract.tables
        for rule in table.row_rules
    ]
    assert set(LEDGER_TABLES) == {"ledger.runs", "ledger.tables", "ledger.row_rules"}
    return {"ledger.runs": runs, "ledger.tables": tables, "ledger.row_rules": rules}


def write_tiles(source: TileSource, folder: Path) -> None:
    """Write every tile and the index into a folder, as the tile writer does to the bucket."""
    folder.mkdir(parents=True, exist_ok=True)
    for tile in read_tiles():
        document = tile_document(tile, source.columns(tile), source.sources_of(tile), RUN_ID, NOW)
        (folder / f"{tile.name}.json").write_text(json.dumps(document, separators=(",", ":")))
    index = {
        "run_id": RUN_ID, "written_at": "2026-11-29T14:02:00.000000Z", "environment": "demo",
        "time_zone": "Europe/Berlin", "currency": "EUR", "tiles": [tile.name for tile in read_tiles()],
    }  # fmt: skip
    (folder / "index.json").write_text(json.dumps(index))


def write_explore(source: TileSource, folder: Path) -> None:
    """The files of Explore and their index, as the tile writer leaves them below `tiles/explore/`."""
    folder.mkdir(parents=True)
    tables = [table for contract in contracts.load_all() for table in contract.tables]

    def upload(name: str, path: Path) -> None:
        (folder / name).write_bytes(path.read_bytes())

    files, left_out = export(source.session, tables, source.sources, None, upload)
    index = ExploreIndex(
        format=FORMAT,
        run_id=RUN_ID,
        written_at=NOW.isoformat(),
        tables=tuple(files),
        left_out=tuple(left_out),
    )
    (folder / "index.json").write_text(index.model_dump_json())
