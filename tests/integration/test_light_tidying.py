"""A run whose joining of small files fails has loaded its rows all the same, and says what went wrong."""

import logging

import pytest
from pyiceberg.exceptions import CommitFailedException

from glue_jobs.engines.duckdb import joining, lake_tables
from glue_jobs.engines.duckdb.engine import duckdb_engine
from tests.integration.light_lake import LightLake, bucket_in, written_review

pytestmark = pytest.mark.integration

REVIEWS = "processed.reviews"
DAY = "2026-03-01"
LAST = "review_id = 'REV-0000000004'"


@pytest.fixture(scope="module")
def bucket(localaws):
    with bucket_in(localaws, "light-tidying") as name:
        yield name


@pytest.fixture
def lake(bucket, name):
    """Four files of one review each in one month: the fifth commit joins them."""
    lake = LightLake(f"{name}_", bucket, ("reviews",))
    for number in range(1, 5):
        lake.insert(REVIEWS, written_review(number, 1, 5, DAY))
    return lake


def insert_the_fifth(lake):
    with duckdb_engine("run-9") as engine:
        stored = engine.read_table(lake.name(REVIEWS), LAST)
        rows = engine.freeze(f"(select * replace ('REV-0000000009' as review_id) from {stored})")
        engine.replace_rows(lake.name(REVIEWS), "review_id = 'REV-0000000009'", rows)


def data_files(lake):
    return list(lake.table(REVIEWS).scan().plan_files())


def test_five_small_files_become_one_in_a_commit_of_its_own(lake):
    insert_the_fifth(lake)

    assert len(data_files(lake)) == 1
    assert len(lake.rows(REVIEWS)) == 5
    newest = lake.table(REVIEWS).current_snapshot().summary
    assert (newest.operation.value, newest["total-records"], newest["added-records"]) == ("replace", "5", "5")


@pytest.mark.parametrize(
    ("step", "fault", "said"),
    [
        pytest.param("joined", RuntimeError("the disk is full"), "were not joined", id="anything"),
        pytest.param("joined", CommitFailedException("another came first"), "written by another run", id="a conflict"),
        pytest.param("expire", RuntimeError("S3 is away"), "were not joined", id="old versions"),
    ],
)
def test_what_fails_in_it_fails_no_run(lake, monkeypatch, caplog, step, fault, said):
    def fail(*_arguments):
        raise fault

    monkeypatch.setattr(lake_tables, step, fail)

    with caplog.at_level(logging.INFO):
        insert_the_fifth(lake)

    assert len(lake.rows(REVIEWS)) == 5
    assert said in caplog.text


def test_files_that_hold_other_rows_than_before_are_never_committed(lake, monkeypatch, caplog):
    original = joining.TableFiles.write_rows
    monkeypatch.setattr(joining.TableFiles, "write_rows", lambda self, sql, *more: original(self, _shorter(sql), *more))

    insert_the_fifth(lake)

    assert "hold 5 rows, joined 4" in caplog.text
    assert len(lake.rows(REVIEWS)) == 5
    assert lake.table(REVIEWS).current_snapshot().summary.operation.value == "append"


def _shorter(sql):
    return f"select * from ({sql}) limit 4" if "read_parquet" in sql else sql


def test_a_table_whose_contract_does_not_ask_for_it_keeps_its_files(lake):
    with lake.table(REVIEWS).transaction() as changed:
        changed.remove_properties("cartlake.max-snapshots")

    insert_the_fifth(lake)

    assert len(data_files(lake)) == 5
