from types import SimpleNamespace

import pytest

from glue_jobs.engines.base import Branch
from glue_jobs.engines.duckdb.engine import DuckDBEngine
from glue_jobs.engines.duckdb.iceberg.tables import Scan
from glue_jobs.engines.duckdb.keys import bytes_of
from glue_jobs.engines.duckdb.limits import EngineLimitError

BRANCH = Branch("glue.processed.transactions", "audit", None)


def scan_of(*sizes):
    return Scan(None, [SimpleNamespace(file_size_in_bytes=size) for size in sizes], [])


def engine(**limit):
    return DuckDBEngine(None, None, **limit)


def test_a_merge_that_would_look_at_too_much_of_a_table_is_left_to_spark():
    with pytest.raises(EngineLimitError, match=r"3 MB of glue\.processed\.transactions, .* the 2 MB that"):
        engine(max_merge_bytes=2e6)._checked(scan_of(1_500_000, 1_500_000), BRANCH)


def test_a_merge_within_the_limit_is_done():
    held = scan_of(1_000_000, 1_000_000)

    assert engine(max_merge_bytes=2e6)._checked(held, BRANCH) is held


def test_without_a_limit_every_merge_is_done():
    assert engine()._checked(scan_of(10**15), BRANCH).size == 10**15


def test_what_was_looked_at_before_counts():
    looking = engine(max_merge_bytes=2e6)
    looking._look_at(1_500_000, BRANCH)

    with pytest.raises(EngineLimitError, match="2 MB of glue"):
        looking._checked(scan_of(600_000), BRANCH)


def test_of_files_that_are_searched_for_keys_only_the_columns_read_count():
    schema = SimpleNamespace(find_field=lambda name: SimpleNamespace(field_id={"id": 1, "at": 2}[name]))
    known = SimpleNamespace(file_size_in_bytes=900, column_sizes={1: 10, 2: 5, 3: 800})
    unknown = SimpleNamespace(file_size_in_bytes=700, column_sizes={1: 10})

    assert bytes_of(Scan(schema, [known], []), ["id", "at"]) == 15
    assert bytes_of(Scan(schema, [known, unknown], []), ["id", "at"]) == 715
