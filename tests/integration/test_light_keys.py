"""Keys that stand on other days, found on DuckDB in the files that may hold them, by the columns that say so."""

from datetime import date

import pytest

from cartlake import contracts
from cartlake.tables.snapshots import MAIN
from glue_jobs.engines.base import Branch
from glue_jobs.engines.duckdb.engine import duckdb_engine
from glue_jobs.engines.duckdb.iceberg.tables import head_of, scan
from glue_jobs.engines.duckdb.keys import bytes_of
from glue_jobs.engines.duckdb.limits import EngineLimitError
from tests.integration.light_lake import LightLake, bucket_in, written_review

pytestmark = pytest.mark.integration

TABLE = contracts.load("reviews").table
REVIEWS = TABLE.physical_name
OLD, NEW = date(2026, 1, 10), date(2026, 3, 20)


@pytest.fixture(scope="module")
def bucket(localaws):
    with bucket_in(localaws, "light-keys") as name:
        yield name


@pytest.fixture
def lake(bucket, name):
    """Reviews 1 to 3 in a file of January, 11 to 13 in one of March."""
    made = LightLake(f"{name}_", bucket, ("reviews",))
    made.insert(REVIEWS, *(written_review(number, 1, 5, str(OLD)) for number in (1, 2, 3)))
    made.insert(REVIEWS, *(written_review(number, 1, 5, str(NEW)) for number in (11, 12, 13)))
    return made


def moved(lake, *rows, **limit):
    """The keys of some rows, given as number and day, that stand on another day; and the bytes that were looked at."""
    with duckdb_engine("run-1", **limit) as engine:
        values = ", ".join(f"('REV-{number:010X}', date '{day}')" for number, day in rows)
        sought = engine.freeze(f"(select * from (values {values}) as t (review_id, purchased_on))")
        name = lake.name(REVIEWS)
        branch = Branch(name, MAIN, engine.head(name, MAIN))
        found = engine.collect(engine.moved_keys(sought, len(rows), branch, TABLE))
        return [(int(row["review_id"][4:], 16), row["day"], row["stored_day"]) for row in found], engine.looked_at


def files(lake):
    """A scan of all files of the table."""
    table = lake.table(REVIEWS)
    return scan(table, head_of(table))


def test_keys_on_other_days_are_found_and_those_on_their_own_day_and_new_ones_are_not(lake):
    found, _ = moved(lake, (1, NEW), (2, OLD), (11, OLD), (99, OLD))

    assert sorted(found) == [(1, NEW, OLD), (11, OLD, NEW)]


def test_files_that_cannot_hold_the_keys_are_left_out_and_of_the_others_two_columns_are_read(lake):
    held = files(lake)
    ids = [held.schema.find_field(column).field_id for column in ("review_id", "purchased_on")]

    found, looked_at = moved(lake, (12, OLD))

    assert found == [(12, OLD, NEW)]
    [march] = [file for file in held.files if file.lower_bounds[ids[0]] == b"REV-000000000B"]
    assert looked_at == sum(march.column_sizes[field] for field in ids) < march.file_size_in_bytes


def test_both_files_count_when_the_keys_may_be_in_either(lake):
    _, looked_at = moved(lake, (1, NEW), (13, OLD))

    assert looked_at == bytes_of(files(lake), ["review_id", "purchased_on"])


def test_a_deleted_row_is_not_found(lake):
    with duckdb_engine("run-1") as engine:
        name = lake.name(REVIEWS)
        branch = Branch(name, MAIN, engine.head(name, MAIN))
        gone = engine.freeze("(select 'REV-0000000001' as review_id)")
        nothing = engine.where(engine.read_table(name), "false")
        engine.replace(nothing, gone, branch, TABLE)

    assert moved(lake, (1, NEW), (2, NEW))[0] == [(2, NEW, OLD)]


def test_a_search_of_more_bytes_than_a_merge_may_look_at_is_left_to_spark(lake):
    with pytest.raises(EngineLimitError, match="that the light engine may"):
        moved(lake, (1, NEW), max_merge_bytes=10)
