"""Order lines as columns of text, as lines of CSV or JSON, and as a typed Arrow table.

Text is built by Arrow kernels over whole columns, because a Python loop over rows is a hundred times slower.
No value ever needs quoting or escaping: a test holds every pool of values to that.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from generators.lifecycle import STATUSES
from generators.order_lines import OrderLines
from generators.randomness import Ints
from generators.world import CHANNELS, CURRENCIES, MARKETS, PAYMENT_METHODS, World

MONEY: Final = pa.decimal128(12, 2)
TIMESTAMP: Final = pa.timestamp("us", tz="UTC")

# The columns of the contract `transactions`, in file order. A test proves that they agree.
SCHEMA: Final = pa.schema(
    [
        ("order_id", pa.string()),
        ("line_number", pa.int32()),
        ("customer_id", pa.string()),
        ("customer_email", pa.string()),
        ("product_id", pa.string()),
        ("order_status", pa.string()),
        ("channel", pa.string()),
        ("payment_method", pa.string()),
        ("country_code", pa.string()),
        ("currency", pa.string()),
        ("quantity", pa.int32()),
        ("unit_price", MONEY),
        ("discount_amount", MONEY),
        ("tax_amount", MONEY),
        ("line_total", MONEY),
        ("ordered_at", TIMESTAMP),
        ("updated_at", TIMESTAMP),
    ]
)
COLUMNS: Final = tuple(SCHEMA.names)
NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
SECONDS_PER_DAY: Final = 86_400

# One raw row: text by column in file order, None where the value is missing.
Record = dict[str, str | None]
Characters = npt.NDArray[np.uint8]


def table(lines: OrderLines, world: World) -> pa.Table:
    """The typed rows, in `SCHEMA`."""
    columns = {
        "order_id": fixed_width(b"ORD-", hexadecimal(lines.order, 10)),
        "line_number": pa.array(lines.line, pa.int32()),
        "customer_id": fixed_width(b"CUS-", decimal_digits(lines.customer + 1, 7)),
        "customer_email": world.email.take(pa.array(lines.customer, mask=~lines.mailed)),
        "product_id": fixed_width(b"PRD-", decimal_digits(lines.product + 1, 5)),
        "order_status": choose(STATUSES, lines.status),
        "channel": choose(CHANNELS, lines.channel),
        "payment_method": choose(PAYMENT_METHODS, lines.payment),
        "country_code": choose([market.country for market in MARKETS], lines.market),
        "currency": choose(CURRENCIES, lines.currency),
        "quantity": pa.array(lines.quantity, pa.int32()),
        "unit_price": money(lines.unit_price),
        "discount_amount": money(lines.discount),
        "tax_amount": money(lines.tax),
        "line_total": money(lines.total),
        "ordered_at": pa.array(lines.ordered_at * 1_000_000, TIMESTAMP),
        "updated_at": pa.array(lines.updated_at * 1_000_000, TIMESTAMP),
    }
    return pa.table(columns, schema=SCHEMA)


def text_columns(lines: OrderLines, world: World) -> dict[str, pa.Array]:
    """The same rows as text: money with two decimals, times as `2026-01-31T23:59:59Z`."""
    typed = table(lines, world)
    times = {"ordered_at": iso_times(lines.ordered_at), "updated_at": iso_times(lines.updated_at)}
    return {
        name: times[name] if name in times else pc.cast(typed[name].combine_chunks(), pa.string()) for name in COLUMNS
    }


def csv_lines(columns: Mapping[str, pa.Array]) -> pa.Array:
    """One string per row, with its line feed; a missing value is empty."""
    *most, last = (pc.fill_null(column, "") for column in columns.values())
    return pc.binary_join_element_wise(*most, pc.binary_join_element_wise(last, "", "\n"), ",")


def json_lines(columns: Mapping[str, pa.Array]) -> pa.Array:
    """One JSON object per row, with its line feed; numbers are JSON numbers."""
    pieces: list[Any] = []
    before = "{"
    for name, column in columns.items():
        quote = "" if is_number(name) or column.null_count else '"'
        pieces += [f'{before}"{name}":{quote}', quoted_or_null(column) if column.null_count else column]
        before = f"{quote},"
    return pc.binary_join_element_wise(*pieces, before.replace(",", "}\n"), "")


def quoted_or_null(column: pa.Array) -> pa.Array:
    return pc.fill_null(pc.binary_join_element_wise('"', column, '"', ""), "null")


def csv_line(record: Record) -> str:
    return ",".join(value or "" for value in record.values()) + "\n"


def json_line(record: Record) -> str:
    def literal(name: str, value: str | None) -> str:
        return value if value and is_number(name) and NUMBER.fullmatch(value) else json.dumps(value)

    return "{" + ",".join(f'"{name}":{literal(name, value)}' for name, value in record.items()) + "}\n"


def typed_value(name: str, text: str | None) -> Any:
    """The value for `SCHEMA`; raises ValueError or decimal.InvalidOperation for text that is not of its type."""
    kind = SCHEMA.field(name).type
    if text is None or kind == pa.string():
        return text
    if kind == TIMESTAMP:
        return datetime.fromisoformat(text).astimezone(UTC)
    return Decimal(text) if kind == MONEY else int(text)


def is_number(name: str) -> bool:
    kind = SCHEMA.field(name).type
    return bool(pa.types.is_integer(kind) or pa.types.is_decimal(kind))


def choose(values: tuple[str, ...] | list[str], codes: Ints) -> pa.Array:
    return pa.array(values, pa.string()).take(pa.array(codes))


def money(cents: Ints) -> pa.Array:
    """Cents as decimal(12,2): the low and the high 64 bits of each value, laid out by hand."""
    halves = np.stack([cents, np.where(cents < 0, -1, 0)], axis=1).astype(np.int64)
    return pa.Decimal128Array.from_buffers(MONEY, len(cents), [None, pa.py_buffer(halves)])


def decimal_digits(numbers: Ints, width: int) -> Characters:
    """[n, width] characters, zero-padded; digits beyond the width are cut off."""
    powers = np.array([10**power for power in reversed(range(width))])
    characters: Characters = (numbers[:, None] // powers % 10 + ord("0")).astype(np.uint8)
    return characters


def hexadecimal(numbers: Ints, width: int) -> Characters:
    nibbles = (numbers[:, None] >> np.arange(4 * (width - 1), -1, -4)) & 0xF
    characters: Characters = np.frombuffer(b"0123456789ABCDEF", np.uint8)[nibbles]
    return characters


def iso_times(seconds: Ints) -> pa.Array:
    """Unix seconds as `2026-01-31T23:59:59Z`. A chunk has few days, so only the days are formatted by a library."""
    days, of_day = np.divmod(seconds, SECONDS_PER_DAY)
    unique, which = np.unique(days, return_inverse=True)
    dates = np.datetime_as_string(unique.astype("datetime64[D]")).astype("S10").view(np.uint8).reshape(-1, 10)
    clock = [decimal_digits(part, 2) for part in (of_day // 3600, of_day // 60 % 60, of_day % 60)]
    return fixed_width(dates[which], b"T", clock[0], b":", clock[1], b":", clock[2], b"Z")


def fixed_width(*parts: bytes | Characters) -> pa.Array:
    """Strings of equal length from constant bytes and [n, width] characters, side by side."""
    rows = next(len(part) for part in parts if not isinstance(part, bytes))
    width = sum(len(part) if isinstance(part, bytes) else part.shape[1] for part in parts)
    characters = np.empty((rows, width), dtype=np.uint8)
    column = 0
    for part in parts:
        block = np.frombuffer(part, np.uint8) if isinstance(part, bytes) else part
        characters[:, column : column + block.shape[-1]] = block
        column += block.shape[-1]
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(characters))
