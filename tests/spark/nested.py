"""A contract with nested columns, and dirty rows of it in the formats of files."""

import io
import json
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cartlake import contracts

CONTRACT = Path(__file__).parents[1] / "e2e" / "baskets.odcs.yaml"
"""Its `cartlake.unknownColumns` is `refuse`."""
PRICE = pa.decimal128(12, 2)
ITEM = pa.struct({"sku": pa.string(), "price": PRICE, "unitCount": pa.int32(), "tags": pa.list_(pa.string())})
GEO = pa.struct({"lat": pa.float64(), "since": pa.date32()})
ADDRESS = pa.struct({"city": pa.string(), "geo": GEO})


def baskets(tmp_path, unknown="refuse"):
    """The contract, with this word about unknown columns."""
    text = CONTRACT.read_text()
    assert text.count("value: refuse") == 1
    path = tmp_path / unknown / CONTRACT.name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text.replace("value: refuse", f"value: {unknown}"))
    return contracts.parse(path)


TEXTS = ["a", "", "é\n", 'a"b', "a|b", "\\", "\u2028", "\x7f", "with \x01", "[", "{}", "null", "1.10", "👟", " ", "a,b"]
NUMBERS = ["1", "1.5", "1.50", "-1", "0", "1e2", "1E-2", "1.005", "12345678901.00", "99999999999999999999999", "-0"]
LATS = ["1.5", "90", "-90.5", "1e1", "91", "0.1"]


class Drawn:
    """Rows of baskets as JSON text, with faults at times."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def one_of(self, *values):
        return self.random.choice(values)

    def text(self):
        return json.dumps(self.one_of(*TEXTS), ensure_ascii=self.random.random() < 0.5)

    def leaf(self, *more):
        return self.one_of(self.text(), "null", *NUMBERS, *more)

    def good(self, likely):
        """Mostly what is likely, at times anything."""
        odd = ("true", "{}", "[]", '[{"sku":"x"}]', '{"sku":1}', '"x"', "7", "null", r'"\ud83d"', "NaN", "[1,2.50,]")
        return likely if self.random.random() < 0.93 else self.one_of(*odd)

    def object(self, **fields):
        kept = [(name, value) for name, value in fields.items() if self.random.random() < 0.85]
        self.random.shuffle(kept)
        space = self.one_of("", " ")
        return "{" + ",".join(f'"{name}":{space}{value}' for name, value in kept) + "}"

    def list(self, make):
        return "[" + self.one_of(",", " , ").join(make() for _ in range(self.random.randint(0, 3))) + "]"

    def item(self):
        fields = {"sku": self.good(self.text()), "price": self.good(self.one_of(*NUMBERS))}
        count = self.one_of("quantity", "unitCount")
        fields |= {count: self.good(self.one_of('"7"', *NUMBERS)), "tags": self.good(self.list(self.text))}
        if self.random.random() < 0.25:
            fields["colour"] = self.leaf('{"a":1.50}')
        return self.good(self.object(**fields))

    def address(self):
        geo = self.object(lat=self.good(self.one_of(*LATS)), since=self.good('"2026-02-03"'))
        return self.good(self.object(city=self.good(self.text()), geo=self.good(geo)))

    def cells(self, number):
        """Texts of JSON by column; None where there is no value."""
        found = {
            "items": self.good(self.list(self.item)),
            "address": self.address(),
            "labels": self.good(self.list(self.leaf)),
        }
        kept = {name: value for name, value in found.items() if self.random.random() < 0.9}
        return {"basket_id": f'"B-{number}"', "updated_at": '"2026-03-01T10:00:00Z"', **kept}

    def line(self, number):
        cells = self.cells(number)
        if self.random.random() < 0.1:
            cells["channel"] = self.leaf('{"a":[1.10,null]}')
        if self.random.random() < 0.05:
            cells["items"] = json.dumps(cells.get("items", "x"))
        text = "{" + ", ".join(f'"{name}": {value}' for name, value in cells.items()) + "}"
        return text if self.random.random() < 0.97 else text[:-1] + ', "basket_id": "again"}'


def json_lines(seed, rows=150):
    drawn = Drawn(seed)
    return "\n".join(drawn.line(number) for number in range(rows)).encode() + b"\n"


def csv_file(seed, rows=150):
    """The same kind of rows with nested values as JSON in cells, and a column that the contract does not have."""
    drawn = Drawn(seed)
    header = ["basket_id", "updated_at", "items", "address", "labels", "Shop Name"]
    lines = [",".join(header)]
    for number in range(rows):
        cells = drawn.cells(number) | {"basket_id": f"B-{number}", "updated_at": "2026-03-01T10:00:00Z"}
        cells["Shop Name"] = drawn.one_of("", "x", 'a"b', "é")
        quoted = ('"' + cells.get(name, "").replace('"', '""') + '"' for name in header)
        lines.append(",".join(quoted))
    return ("\n".join(lines) + "\n").encode()


def parquet_file(seed, rows=100, more=None):
    chosen = random.Random(seed)

    def text():
        return chosen.choice([*TEXTS, None])

    def item():
        price, tags = Decimal(chosen.randint(-200, 20000)) / 100, [text() for _ in range(chosen.randint(0, 2))]
        return {"sku": text(), "price": chosen.choice([price, None]), "unitCount": chosen.randint(-2, 9), "tags": tags}

    def geo():
        lat = chosen.choice([1.5, 91.0, 1e-7, 1e22, float("nan"), None])
        return {"lat": lat, "since": chosen.choice([datetime(2026, 1, 1, tzinfo=UTC).date(), None])}

    def maybe(value):
        return value if chosen.random() < 0.85 else None

    start = datetime(2026, 3, 1, tzinfo=UTC)
    columns = {
        "basket_id": pa.array([f"P-{number}" for number in range(rows)]),
        "updated_at": pa.array([start + timedelta(seconds=n) for n in range(rows)], pa.timestamp("us", "UTC")),
        "items": pa.array(
            [maybe([maybe(item()) for _ in range(chosen.randint(0, 3))]) for _ in range(rows)], pa.list_(ITEM)
        ),
        "address": pa.array([maybe({"city": text(), "geo": maybe(geo())}) for _ in range(rows)], ADDRESS),
        "labels": pa.array([maybe([text()]) for _ in range(rows)], pa.list_(pa.string())),
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns | (more or {})), sink)
    return sink.getvalue()
