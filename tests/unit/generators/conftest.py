import csv
from datetime import date

import pytest

from generators.render import COLUMNS
from generators.transactions import generate_transactions

SMALL = {"rows": 4_000, "days": 5, "seed": 7, "dirty": 0.05, "end_date": date(2026, 3, 8)}


@pytest.fixture(scope="session")
def small_set(tmp_path_factory):
    """Directory and manifest of a set with everything in it. Read only."""
    out = tmp_path_factory.mktemp("small")
    return out, generate_transactions(out, **SMALL, duplicate_file=True, late_file=True)


@pytest.fixture(scope="session")
def small_rows(small_set):
    """The data rows of every file but the repeated one, as lists of text, by file name."""
    out, manifest = small_set
    return {file.name: read_csv(out / file.name) for file in manifest.files if file.role != "duplicate"}


@pytest.fixture(scope="session")
def clean_rows(small_set, small_rows):
    """Records of all clean rows of the daily files, in file order."""
    _, manifest = small_set
    planted = {(name, row) for dirt in manifest.dirt.values() for name, rows in dirt.rows.items() for row in rows}
    return [
        dict(zip(COLUMNS, values, strict=True))
        for file in manifest.files
        if file.role == "daily"
        for row, values in enumerate(small_rows[file.name], start=1)
        if (file.name, row) not in planted
    ]


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]
