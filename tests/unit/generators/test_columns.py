"""The kernels that make text agree with what Python makes of single values."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from generators.columns import Amount, Choice, Day, Flag, Identifier, Instant, Pool, Text, Whole
from generators.files.text import csv_lines, json_lines

RANDOM = np.random.default_rng(1)
AWKWARD = ["plain", "a, b", 'say "so"', "Grüße\n", "back\\slash", None, "", "tab\there"]


@pytest.mark.parametrize("width", [1, 2, 4, 5, 7, 8, 10, 12, 16])
def test_hexadecimal_identifiers(width):
    numbers = RANDOM.integers(0, 1 << 62, 50).astype(np.uint64) * np.uint64(3)

    text = Identifier("X-", numbers, width).text().to_pylist()

    assert text == [f"X-{number:016X}"[:2] + f"{number:016X}"[-width:] for number in numbers.tolist()]


@pytest.mark.parametrize("width", [1, 2, 4, 5, 7, 8, 12])
def test_decimal_identifiers_cut_off_what_does_not_fit(width):
    numbers = RANDOM.integers(0, 10**14, 50)

    text = Identifier("", numbers, width, base=10).text().to_pylist()

    assert text == [f"{number:020d}"[-width:] for number in numbers.tolist()]


def test_missing_identifiers_are_null_as_text_and_empty_as_cells():
    column = Identifier("N-", np.array([1, 2, 3, 4]), 2, base=10, known=np.array([False, True, False, True]))

    assert column.text().to_pylist() == column.typed().to_pylist() == [None, "N-02", None, "N-04"]
    assert column.cells().to_pylist() == ["", "N-02", "", "N-04"]
    assert column.take(np.array([3, 0])).text().to_pylist() == ["N-04", None]


def test_identifiers_may_all_be_missing():
    column = Identifier("N-", np.array([1, 2]), 2, known=np.array([False, False]))

    assert column.text().to_pylist() == [None, None]
    assert column.cells().to_pylist() == ["", ""]


def test_instants():
    seconds = np.concatenate([RANDOM.integers(-(10**8), 4 * 10**9, 50), [0, 86_399, 86_400]])

    text = Instant(seconds).text().to_pylist()

    assert text == [datetime.fromtimestamp(s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for s in seconds.tolist()]
    assert Instant(seconds[:0]).text().to_pylist() == []


def test_days_and_flags_and_whole_numbers():
    assert Day(np.array([0, 20_000]), np.array([True, False])).typed().to_pylist() == [date(1970, 1, 1), None]
    assert Day(np.array([0, 20_000])).cells().to_pylist() == ["1970-01-01", "2024-10-04"]
    assert Flag(np.array([True, False])).cells().to_pylist() == ["true", "false"]
    assert Whole(np.array([5, -1])).cells().to_pylist() == ["5", "-1"]


def test_amounts():
    cents = np.array([0, 5, 99, 100, 123_456_789])
    rate = Amount(np.array([108_560, 7]), pa.decimal128(18, 8), digits=5)

    assert Amount(cents).text().to_pylist() == ["0.00", "0.05", "0.99", "1.00", "1234567.89"]
    assert Amount(cents).typed().to_pylist() == [Decimal(value) / 100 for value in cents.tolist()]
    assert rate.text().to_pylist() == ["1.08560", "0.00007"]
    assert rate.typed().to_pylist() == [Decimal("1.08560000"), Decimal("0.00007000")]


@pytest.mark.parametrize("values", [AWKWARD, ["all", "plain", None]])
def test_text_and_choices_survive_csv_and_json(values):
    codes = np.array([*range(len(values)), -1])
    chosen = [*values, None]
    batch = {
        "number": Whole(codes),
        "chosen": Choice(Pool.of(values), codes),
        "beside": Choice(Pool.of([f"{value}!" for value in values]), codes),
        "text": Text(pa.array(chosen)),
    }

    rows = list(csv.reader(io.StringIO("".join(csv_lines(batch).to_pylist()), newline="")))
    parsed = [json.loads(line) for line in json_lines(batch).to_pylist()]

    beside = [*(f"{value}!" for value in values), None]
    assert rows == [
        [str(code), value or "", other or "", value or ""]
        for code, value, other in zip(codes, chosen, beside, strict=True)
    ]
    assert parsed == [
        {"number": code, "chosen": value, "beside": other, "text": value}
        for code, value, other in zip(codes.tolist(), chosen, beside, strict=True)
    ]
