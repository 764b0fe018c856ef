"""How a backfill is cut, and which slices are read a second time."""

from itertools import pairwise

import pytest

from cartlake.runs.documents import FileFormat
from cartlake.runs.engine_choice import EngineLimits, expanded_bytes
from cartlake.runs.slicing import (
    SPARK_BYTES,
    SPARK_FILES,
    SizedFile,
    SliceLimits,
    cut,
    slice_limits,
    to_read_again,
)

LIMITS = SliceLimits(files=4, expanded=100, rows=1_000)


def files(*days, size=10, rows=1):
    """A file of each day given, oldest first."""
    return [SizedFile(f"2026-01-{day:02d}T{n:02d}:00:00.000000Z#{n:032x}", size, rows) for n, day in enumerate(days)]


def days(slices):
    return [str(one) for one in slices]


def test_days_stay_whole_and_the_newest_come_first():
    slices = cut(files(1, 1, 2, 2, 3, 4, 4), LIMITS)

    assert days(slices) == ["2026-01-03 to 2026-01-04", "2026-01-01 to 2026-01-02"]
    assert [(one.number, one.files, one.size) for one in slices] == [(1, 3, 30), (2, 4, 40)]


@pytest.mark.parametrize(
    ("limits", "number"),
    [
        pytest.param(SliceLimits(2, 1e9, 1e9), 3, id="files"),
        pytest.param(SliceLimits(1e9, 20, 1e9), 3, id="bytes"),
        pytest.param(SliceLimits(1e9, 1e9, 2), 3, id="rows"),
        pytest.param(SliceLimits(1e9, 1e9, 1e9), 1, id="none"),
        pytest.param(SliceLimits(0, 0, 0), 6, id="nothing fits: a file each"),
    ],
)
def test_every_limit_counts(limits, number):
    assert len(cut(files(1, 1, 2, 2, 3, 3), limits)) == number


def test_a_day_that_is_too_large_is_cut_by_the_time_of_reception_and_what_is_left_joins_the_day_before():
    given = files(1, 2, 2, 2, 2, 2)

    slices = cut(given, LIMITS)

    assert days(slices) == ["2026-01-02", "2026-01-01 to 2026-01-02"]
    assert [(one.first_key, one.last_key) for one in slices] == [
        (given[2].reception, given[5].reception),
        (given[0].reception, given[1].reception),
    ]


def test_every_file_is_in_one_slice_and_no_range_overlaps():
    given = files(*sorted(day for day in range(1, 29) for _ in range(day % 7)))

    slices = cut(given, LIMITS)

    covered = [file for one in slices for file in given if one.first_key <= file.reception <= one.last_key]
    assert sorted(file.reception for file in covered) == [file.reception for file in given]
    assert all(later.last_key < earlier.first_key for earlier, later in pairwise(slices))


def test_nothing_is_no_slice():
    assert cut([], LIMITS) == []


def test_slices_fit_the_light_engine_where_it_may_load_them():
    limits = EngineLimits(expanded=100, rows=10, table=50)

    assert slice_limits("light", limits, None) == SliceLimits(1_000, 100, 10)
    assert slice_limits("light", limits, 90) == SliceLimits(1_000, 45, 10)  # such a batch was too large lately
    assert slice_limits("spark", limits, None) == SliceLimits(SPARK_FILES, SPARK_BYTES, float("inf"))


@pytest.mark.parametrize(
    ("measured", "form", "expanded"),
    [
        (7, FileFormat(kind="csv"), 7),
        (None, FileFormat(kind="csv"), 10),
        (None, FileFormat(kind="csv", compression="gzip"), 200),
        (None, FileFormat(kind="parquet"), 100),
        (None, None, 10),
        (0, FileFormat(kind="csv", compression="gzip"), 0),
    ],
)
def test_what_a_file_has_once_decompressed(measured, form, expanded):
    assert expanded_bytes(10, measured, form) == expanded


class TestAgain:
    @pytest.fixture
    def slices(self):
        """Three slices; rows of the first two lost to rows of files that were not read then."""
        first, second, third = cut(files(1, 2, 3), SliceLimits(1, 1e9, 1e9))
        lost = {"outranked": 1, "run_id": "r"}
        return [first.model_copy(update=lost), second.model_copy(update=lost), third]

    def test_those_before_whose_rows_had_lost(self, slices):
        again = to_read_again(slices, slices[2], [])

        assert [(one.number, one.first_key) for one in again] == [(4, slices[0].first_key), (5, slices[1].first_key)]
        assert {(one.again, one.run_id, one.outranked) for one in again} == {(True, None, 0)}

    def test_not_itself_and_none_that_came_later(self, slices):
        assert [one.first_key for one in to_read_again(slices, slices[1], [])] == [slices[0].first_key]

    def test_none_twice(self, slices):
        known = [*slices, *to_read_again(slices, slices[1], [])]

        assert [one.first_key for one in to_read_again(known, slices[2], [])] == [slices[1].first_key]
        assert to_read_again([*known, *to_read_again(known, slices[2], [])], slices[2], []) == []

    def test_and_files_that_were_loaded_in_between(self, slices):
        [*_, loaded] = again = to_read_again(slices, slices[2], [("run-1", files(9, 9)), ("run-2", [])])

        assert (loaded.of_run, loaded.files, loaded.again, loaded.number) == ("run-1", 2, True, 6)
        assert to_read_again([*slices, *again], slices[2], [("run-1", files(9, 9))]) == []
