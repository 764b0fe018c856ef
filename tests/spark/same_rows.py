"""The same rows as CSV, as JSON lines and as Parquet: texts that are values, and texts that nearly are."""

import io
import json
import random
import re

import pyarrow as pa
import pyarrow.parquet as pq

NUMBER_OF_JSON = re.compile(r"-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?")
WORDS = ["", " ", "x", " later", ";", "d", "L", "%", "\n", "\r\n", "\t", '"', "'", "_0", "é", "\u00a0", "\u0667"]
"""What may stand behind or before a value, as people and programs write it."""
ZONES = [
    "",
    "",
    "Z",
    "z",
    " UTC",
    " GMT",
    "+02:00",
    "+0200",
    " -11",
    "+15:00",
    " BST",
    " CST",
    " Europe/Berlin",
    "UTC+1",
]
DAYS = ["2026-03-01", "0001-01-01", "0001-01-02", "9999-12-31", "9999-12-30", "1582-10-10", "1900-02-29", "2024-02-29"]
DAYS += ["2026-3-1", "0000-01-01", "10000-01-01", "-2026-01-01", "2026-13-01", "20260301", "01.03.2026"]
TIMES = ["", "T08:15:00", " 08:15:00", " 08:15", "T23:59:59.999999", "T08:15:00.123456789", " 24:00:00", " 23:59:60"]
TIMES += [" 08:15:00 PM", "T00:00:00.1000000", " 8:15", " 08:15:00,5"]
NAMES = [
    "Trail Shoe",
    'Shoe 12"',
    "a,b",
    "two\nlines",
    "two\r\nlines",
    "a\rb",
    "'",
    "\\",
    "\\n",
    '""',
    "é👟",
    "NaN",
    "null",
]
NAMES += ["{}", "[1]", "1.10", "1e5", "true", " ", "\u2028", "\ufeff", "a|b", "\x7f", ";", "\t"]
WORDS_OF_TRUTH = ["true", "FALSE", "t", "No", "1", "0", "on", "2", " yes ", "truee"]


class Values:
    """Texts for columns by their types, of which a part is no value."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def text(self, kind):
        if self.random.random() < 0.08:
            return None
        value = self._value(kind.partition("(")[0])
        if self.random.random() < 0.12:
            word = self.random.choice(WORDS)
            value = self.random.choice([value + word, word + value])
        return value or None

    def _value(self, kind):
        chosen = self.random
        if kind == "string":
            return chosen.choice(NAMES)
        if kind == "boolean":
            return chosen.choice(WORDS_OF_TRUTH)
        if kind == "date":
            return chosen.choice(DAYS)
        if kind == "timestamp":
            return chosen.choice(DAYS[:8]) + chosen.choice(TIMES) + chosen.choice(ZONES)
        return self._number()

    def _number(self):
        """A number with digits before and behind the point, beyond any type at times, and maybe an exponent."""
        chosen = self.random
        whole = str(chosen.randrange(10 ** chosen.choice([1, 2, 5, 10, 19, 20, 38, 40])))
        part = "".join(chosen.choices("0123456789", k=chosen.choice([0, 0, 1, 2, 2, 3, 8, 15, 25])))
        zeros = "0" * chosen.choice([0, 0, 0, 1, 12])
        power = chosen.choice(["", "", "", "", "e2", "E-2", "e+10", "E-9", "e400", "E-999999999", "E999999999", "e"])
        return chosen.choice(["", "", "-", "+"]) + whole + (f".{part}{zeros}" if part or zeros else "") + power


def rows_of(contract, seed, number):
    """Rows as texts by column; the first column of the key tells them apart."""
    values, columns = Values(seed), contract.table.file_columns
    rows = [{column.name: values.text(column.type) for column in columns} for _ in range(number)]
    return [row | {contract.table.primary_key[0]: f"K-{place:05}"} for place, row in enumerate(rows)]


def as_csv(rows, seed=0):
    """Values in quotes where they must be, and at times where they need not."""
    chosen, header = random.Random(seed), list(rows[0])

    def cell(text):
        if text is None:
            return ""
        needed = any(mark in text for mark in ',"\r\n') or not text.strip()
        return '"' + text.replace('"', '""') + '"' if needed or chosen.random() < 0.3 else text

    lines = [",".join(header), *(",".join(cell(row[name]) for name in header) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def as_json_lines(rows, seed=0):
    """Numbers without quotes at times, nulls left out at times, keys in any order."""
    chosen = random.Random(seed)

    def pair(name, text):
        bare = text is not None and NUMBER_OF_JSON.fullmatch(text) and chosen.random() < 0.5
        return f"{json.dumps(name)}: {text if bare else json.dumps(text, ensure_ascii=chosen.random() < 0.5)}"

    def line(row):
        kept = [pair for pair in row.items() if pair[1] is not None or chosen.random() < 0.5]
        chosen.shuffle(kept)
        return "{" + ", ".join(pair(*one) for one in kept) + "}"

    return ("\n".join(map(line, rows)) + "\n").encode()


def as_parquet(rows):
    file = io.BytesIO()
    pq.write_table(pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in rows[0]}), file)
    return file.getvalue()
