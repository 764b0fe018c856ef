from types import SimpleNamespace

import pytest

from glue_jobs.engines.base import Branch
from glue_jobs.engines.duckdb.engine import DuckDBEngine
from glue_jobs.engines.duckdb.limits import EngineLimitError
from glue_jobs.engines.duckdb.tables import Scan

BRANCH = Branch("glue.processed.transactions", "audit", None)


def scan_of(*sizes):
    return Scan(None, [SimpleNamespace(file_size_in_bytes=size) for size in sizes], [])


def engine(**limit):
    return DuckDBEngine(None, None, "run", **limit)


def test_a_merge_that_would_look_at_too_much_of_a_table_is_left_to_spark():
    with pytest.raises(EngineLimitError, match=r"3 MB of glue\.processed\.transactions, .* the 2 MB that"):
        engine(max_merge_bytes=2e6)._checked(scan_of(1_500_000, 1_500_000), BRANCH)


def test_a_merge_within_the_limit_is_done():
    held = scan_of(1_000_000, 1_000_000)

    assert engine(max_merge_bytes=2e6)._checked(held, BRANCH) is held


def test_without_a_limit_every_merge_is_done():
    assert engine()._checked(scan_of(10**15), BRANCH).size == 10**15
