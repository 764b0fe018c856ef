"""Faults in the middle of a light load, and what readers see afterwards: rows once, counts right, nothing lost."""

import threading
from collections import Counter

import pytest

from cartlake.aws.clients import client
from tests.integration.ended import killed
from tests.spark.light_loading import LightLake
from tests.spark.loading import csv, header_of
from tests.spark.order_lines import AS_WRITTEN as GOOD

pytestmark = [pytest.mark.integration, pytest.mark.no_cover]

HEADER = header_of("transactions")
QUARANTINE, QUALITY = "ops.quarantine_rows", "ops.quality_results"
RUN = "transactions-20260301T120000-0000aa"
FIRST = [GOOD | {"order_id": f"ORD-{number:010X}"} for number in range(4)]
SECOND = [
    FIRST[0] | {"order_status": "refunded", "updated_at": "2026-03-09T10:00:00Z"},
    FIRST[1],
    GOOD | {"order_id": "ORD-00000000AA"},
    GOOD | {"order_id": "not an order"},
]
"""A newer version of a stored row, a row that is stored, a new one and one to refuse."""


@pytest.fixture
def lake(localaws, monkeypatch):
    for name, value in localaws.env.items():
        monkeypatch.setenv(name, value)
    client.cache_clear()
    yield LightLake.new()
    client.cache_clear()


def load_in_a_process(lake, files):
    """Load files as the run `RUN`, in this process or another."""
    client.cache_clear()
    lake.job(RUN, lake.manifest(RUN, files, backfill=False), "load")


def readable(lake, table):
    """What readers find in a table, without the moments at which it was written."""
    rows = lake.rows(table)
    return Counter(
        tuple((name, str(value)) for name, value in row.items() if not name.endswith(("_at", "_updated_at")))
        for row in rows
    )


def state(lake):
    return {table: readable(lake, table) for table in (lake.table, QUARANTINE, QUALITY)}


PLACES = [
    ("before the files of", 1),
    ("before the metadata of", 1),
    ("after", 1),
    ("before the files of", 3),
    ("before the metadata of", 2),
    ("after", 2),
    ("after", 3),
]
"""The first commit is to the quarantine, the second to the branch, the third to the results of rules."""


@pytest.mark.parametrize(("place", "commit"), PLACES)
def test_a_load_that_was_killed_is_repeated_as_if_it_had_never_run(lake, place, commit):
    lake.load("first.csv", *FIRST)
    before = readable(lake, lake.table)
    lake.drop("second.csv", csv(SECOND, HEADER))
    files = list(lake.files)

    assert killed(load_in_a_process, lake, files, place=place, commit=commit)
    seen = readable(lake, lake.table)
    report, _ = lake.run(RUN)

    assert seen == before
    assert tuple(report.rows.model_dump().values()) == (4, 2, 1, 1)
    assert lake.statuses() == Counter({GOOD["order_status"]: 4, "refunded": 1})
    assert [row["run_id"] for row in lake.rows(QUARANTINE)] == [RUN]
    assert len(readable(lake, QUALITY)) == len(lake.rows(QUALITY))
