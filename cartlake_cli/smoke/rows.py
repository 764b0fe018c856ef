"""The files that a smoke test drops: for each dataset a few rows with keys that nobody else has, and one bad row.

All event times are of one month in which the lake has no rows. Versions are as old, so that a row of anybody else with
the same key would win.
"""

from __future__ import annotations

import csv
import io
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from cartlake_cli.smoke.shop_rows import shopify_orders, stripe_payments, woocommerce_orders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Row = Mapping[str, Any]

FOLDER: Final = "smoke"
"""The folder below that of a dataset to which the files of smoke tests are dropped, and nothing else."""

QUICK: Final = "clickstream"
"""The dataset of a quick test: what is built from it is built by days and months, never whole."""

MONTHS: Final = tuple(date(2015, month, 1) for month in range(1, 13))
"""Months that may be used, all in the calendar of the lake."""

_COUNTRY: Final = "ZZ"  # ISO 3166 assigns it to nobody


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys that nobody else has, in the form that contracts want."""

    order: str
    customer: str
    product: str
    vendor: str
    review: str
    event: str
    visitor: str
    hubspot: str

    @classmethod
    def new(cls) -> Keys:
        """Return random keys."""
        return cls(
            order=f"ORD-{secrets.token_hex(5).upper()}",
            customer=f"CUS-9{secrets.randbelow(10**6):06}",
            product=f"PRD-9{secrets.randbelow(10**4):04}",
            vendor=f"VEN-9{secrets.randbelow(10**3):03}",
            review=f"REV-{secrets.token_hex(5).upper()}",
            event=f"EVT-{secrets.token_hex(7).upper()}",
            visitor=f"VIS-{secrets.token_hex(6).upper()}",
            hubspot=f"9{secrets.randbelow(10**17):017}",
        )


@dataclass(frozen=True, slots=True)
class SmokeFile:
    """One file. `good` rows are expected in the table, `bad` ones in quarantine; `repeats` has the content of another.

    `reason` is the code by which a file is expected to be rejected.
    """

    dataset: str
    name: str
    content: bytes = field(repr=False)
    good: int = 0
    bad: int = 0
    repeats: bool = False
    reason: str | None = None

    @property
    def key(self) -> str:
        """Return the key of the object in the raw bucket."""
        return f"incoming/{self.dataset}/{FOLDER}/{self.name}"


def day_of(month: date) -> date:
    """Return the day of all rows: a Monday of the month, so that its week is in no other month."""
    first = month.replace(day=5)
    return first + timedelta(days=-first.weekday() % 7)


def smoke_files(datasets: Sequence[str], month: date, keys: Keys, token: str) -> list[SmokeFile]:
    """Return the files for those of the datasets whose rows are known here, in the order they are dropped."""
    day = day_of(month)
    files = [_file(dataset, day, keys, token) for dataset in _ROWS if dataset in datasets]
    if not files:
        return []
    last = files[-1]
    # The same content once more, and a file that is not what its contract says.
    again = SmokeFile(last.dataset, f"again-{token}{_extension(last.name)}", last.content, repeats=True)
    wrong = f"this,is,no,file,of,{last.dataset}\n1,2,3,4,5,{token}\n".encode()
    return [*files, again, SmokeFile(last.dataset, f"wrong-{token}.csv", wrong, reason="missing_header")]


def known_datasets() -> tuple[str, ...]:
    """Return the datasets whose rows are known here."""
    return tuple(_ROWS)


def _file(dataset: str, day: date, keys: Keys, token: str) -> SmokeFile:
    make, extension = _ROWS[dataset]
    good, bad = make(datetime(day.year, day.month, day.day, 10, tzinfo=UTC), keys)
    content = _WRITERS[extension](dataset, [*good, *bad])
    return SmokeFile(dataset, f"smoke-{token}{extension}", content, len(good), len(bad))


def _extension(name: str) -> str:
    return "." + name.rpartition(".")[2]


def _vendors(at: datetime, keys: Keys) -> tuple[list[Row], list[Row]]:
    row = {"vendor_id": keys.vendor, "vendor_name": "Smoke test", "country_code": _COUNTRY, "lead_time_days": 1}
    row |= {"is_active": False, "updated_at": at}
    return [row], [row | {"lead_time_days": 9999}]


def _products(at: datetime, keys: Keys) -> tuple[list[Row], list[Row]]:
    row: dict[str, Any] = {
        "product_id": keys.product,
        "product_name": "Smoke test",
        "category": "books",
        "brand": "Smoke test",
        "vendor_id": keys.vendor,
        "list_price": Decimal("1.00"),
        "unit_cost": Decimal("0.50"),
        "stock_quantity": 1,
        "is_active": False,
        "launched_on": at.date(),
        "updated_at": at,
    }
    return [row], [row | {"list_price": Decimal("-1.00")}]


def _customers(at: datetime, keys: Keys) -> tuple[list[Row], list[Row]]:
    row = {"customer_id": keys.customer, "source_system": "shop", "country_code": _COUNTRY, "marketing_consent": False}
    row |= {"registered_at": at, "updated_at": at}
    return [row], [row | {"source_system": "smoke"}]


def _fx_rates(at: datetime, _keys: Keys) -> tuple[list[Row], list[Row]]:
    row = {"rate_date": at.date(), "currency": "USD", "rate": Decimal("1.00000000"), "updated_at": at}
    return [row], [row | {"currency": "XXX"}]


def _transactions(at: datetime, keys: Keys) -> tuple[list[Row], list[Row]]:
    row: dict[str, Any] = {
        "order_id": keys.order,
        "line_number": 1,
        "customer_id": keys.customer,
        "customer_email": "smoke-test@example.com",
        "product_id": keys.product,
        "order_status": "delivered",
        "channel": "web",
        "payment_method": "card",
        "country_code": _COUNTRY,
        "currency": "EUR",
        "quantity": 1,
        "unit_price": Decimal("0.01"),
        "discount_amount": Decimal("0.00"),
        "tax_amount": Decimal("0.00"),
        "line_total": Decimal("0.01"),
        "ordered_at": at,
        "updated_at": at,
    }
    return [row, row | {"line_number": 2}], [row | {"line_number": 3, "line_total": Decimal("9.99")}]


def _reviews(at: datetime, keys: Keys) -> tuple[list[Row], list[Row]]:
    row: dict[str, Any] = {
        "review_id": keys.review,
        "order_id": keys.order,
        "customer_id": keys.customer,
        "product_id": keys.product,
        "purchased_on": at.date(),
        "rating": 5,
        "title": "Smoke test",
        "reviewed_at": at + timedelta(hours=1),
        "updated_at": at + timedelta(hours=1),
    }
    return [row], [row | {"rating": 9}]


def _clickstream(at: datetime, keys: Keys) -> tuple[list[Row], list[Row]]:
    row: dict[str, Any] = {
        "event_id": f"{keys.event}01",
        "event_at": at,
        "event_type": "page_view",
        "visitor_id": keys.visitor,
        "page_path": "/smoke-test",
        "device": "desktop",
        "country_code": _COUNTRY,
        "received_at": at,
    }
    viewed = row | {"event_id": f"{keys.event}02", "event_type": "product_view", "product_id": keys.product}
    return [row, viewed], [row | {"event_id": f"{keys.event}03", "event_type": "smoke"}]


def _hubspot_companies(at: datetime, keys: Keys) -> tuple[list[Row], list[Row]]:
    row = {"company_id": f"COM-{keys.hubspot}", "company_name": "Smoke test", "created_at": at, "updated_at": at}
    return [row], [row | {"employees": -1}]


def _hubspot_contacts(at: datetime, keys: Keys) -> tuple[list[Row], list[Row]]:
    row = {"contact_id": f"CON-{keys.hubspot}", "primary_company_id": f"COM-{keys.hubspot}", "updated_at": at}
    return [row], [row | {"primary_company_id": "smoke"}]


def _redshift_behavior(at: datetime, keys: Keys) -> tuple[list[Row], list[Row]]:
    row = {"event_id": keys.event, "event_at": at, "event_type": "smoke", "event_value": "1.50", "loaded_at": at}
    return [row], [row | {"event_type": None}]


def _snowflake_orders(at: datetime, keys: Keys) -> tuple[list[Row], list[Row]]:
    row = {
        "order_id": keys.order,
        "line_number": 1,
        "ordered_at": at,
        "order_status": "smoke",
        "sku": keys.product,
        "quantity": 2,
        "unit_price": "9.90",
        "currency": "EUR",
        "updated_at": at,
    }
    return [row], [row | {"quantity": 0}]


_ROWS: Final[dict[str, tuple[Callable[[datetime, Keys], tuple[list[Row], list[Row]]], str]]] = {
    "vendors": (_vendors, ".csv"),
    "products": (_products, ".parquet"),
    "customers": (_customers, ".jsonl"),
    "fx_rates": (_fx_rates, ".csv"),
    "hubspot_companies": (_hubspot_companies, ".jsonl"),
    "hubspot_contacts": (_hubspot_contacts, ".jsonl"),
    "transactions": (_transactions, ".csv"),
    "shopify_orders": (shopify_orders, ".jsonl"),
    "woocommerce_orders": (woocommerce_orders, ".jsonl"),
    "stripe_payments": (stripe_payments, ".jsonl"),
    "redshift_behavior": (_redshift_behavior, ".jsonl"),
    "snowflake_orders": (_snowflake_orders, ".jsonl"),
    "reviews": (_reviews, ".jsonl"),
    "clickstream": (_clickstream, ".csv"),
}
"""The rows of each dataset and the format of its file, parents before what names them."""


def _csv(dataset: str, rows: Sequence[Row]) -> bytes:
    from cartlake import contracts  # noqa: PLC0415 - its models take a while

    names = [column.name for column in contracts.load(dataset).table.file_columns]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _text(value) for name, value in row.items()} for row in rows)
    return stream.getvalue().encode()


def _jsonl(_dataset: str, rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(row, default=_text) + "\n" for row in rows).encode()


def _parquet(dataset: str, rows: Sequence[Row]) -> bytes:
    import pyarrow as pa  # noqa: PLC0415 - half a second of import
    from pyarrow import parquet  # noqa: PLC0415

    from generators.schemas import schema_of  # noqa: PLC0415

    sink = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema_of(dataset)), sink)
    return bytes(sink.getvalue())


_WRITERS: Final = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}


def _text(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        case _:
            return str(value)
