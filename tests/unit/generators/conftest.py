from datetime import date

import pytest

from cartlake import contracts
from generators.schemas import schema_of
from generators.transactions import generate_transactions
from generators.world import generate_world

from .judging import connect, load, read_csv

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
        dict(zip(schema_of("transactions").names, values, strict=True))
        for file in manifest.files
        if file.role == "daily"
        for row, values in enumerate(small_rows[file.name], start=1)
        if (file.name, row) not in planted
    ]


WORLD = {"days": 40, "orders_per_day": 150, "seed": 7, "dirty": 0.04, "start_date": date(2026, 1, 5)}


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Directory and manifest of a small world with late rates. Read only."""
    out = tmp_path_factory.mktemp("world")
    return out, generate_world(out, **WORLD, late_rates=True)


@pytest.fixture(scope="session")
def world_rows(world):
    """The data rows of every file of every dataset, as lists of text, by dataset and file name."""
    out, manifest = world
    return {
        dataset: {file.name: read_csv(out / file.name) for file in truth.files}
        for dataset, truth in manifest.datasets.items()
    }


@pytest.fixture(scope="session")
def clean_world(world, world_rows):
    """A DuckDB with a table per dataset: its clean rows as typed values, and `_file_day`."""
    _, manifest = world
    database = connect()
    for dataset, files in world_rows.items():
        dirty = dirty_rows(manifest.datasets[dataset])
        table = contracts.load(dataset).table
        rows = [
            [*row, name[-14:-4]]
            for name, of_file in files.items()
            for number, row in enumerate(of_file, start=1)
            if (name, number) not in dirty
        ]
        load(database, "raw", [*(column.name for column in table.file_columns), "_file_day"], rows)
        typed = ", ".join(
            f"cast(nullif({c.name}, '') as {'timestamp' if c.type == 'timestamp' else c.type}) as {c.name}"
            for c in table.file_columns
        )
        database.execute(f"create table {dataset} as select {typed}, cast(_file_day as date) as _file_day from raw")
    return database


def dirty_rows(truth):
    """File and 1-based row of every dirty row of a dataset."""
    return {(name, row) for dirt in truth.dirt.values() for name, rows in dirt.rows.items() for row in rows}
