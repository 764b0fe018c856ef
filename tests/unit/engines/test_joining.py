"""Which files of a partition a run writes again, by numbers alone."""

import pytest

from glue_jobs.engines.duckdb.joining import Held, files_to_join

KB = 1024


def files(*sizes, rows=20, deletes=()):
    return [Held(f"{place}-{size}", size * KB, rows, frozenset(deletes)) for place, size in enumerate(sizes)]


def joined(found, deleted_rows=0):
    return sorted(int(path.split("-")[1]) for path in files_to_join(found, deleted_rows))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        pytest.param((), [], id="none"),
        pytest.param((6, 6, 6, 6), [], id="four are not worth it"),
        pytest.param((6, 6, 6, 6, 6), [6, 6, 6, 6, 6], id="five are"),
        pytest.param((6, 6, 6, 6, 24), [6, 6, 6, 6, 24], id="one of about the size of the others together is joined"),
        pytest.param((6, 6, 6, 6, 6, 500), [6, 6, 6, 6, 6], id="a far larger one is left as it is"),
        pytest.param((500, 6, 6, 6, 6), [], id="four small ones beside a large one wait for a fifth"),
    ],
)
def test_small_files_are_joined_from_five_on(sizes, expected):
    assert joined(files(*sizes)) == expected


def test_a_file_is_written_again_few_times_however_many_runs_there_are():
    """1,440 files of one size: what is rewritten in all, and how many files a day has at most."""
    stored, rewritten, most = [], 0, 0
    for number in range(1440):
        stored.append(Held(f"{number}-1", KB, 20, frozenset()))
        chosen = files_to_join(stored, 0)
        if chosen:
            size = sum(one.size for one in stored if one.path in chosen)
            rewritten += size
            kept = [one for one in stored if one.path not in chosen]
            stored = [*kept, Held(f"{number}-joined", size, 20, frozenset())]
        most = max(most, len(stored))

    assert most <= 15
    assert rewritten <= 15 * 1440 * KB


def test_deleted_rows_leave_their_files_from_a_tenth_on():
    [changed] = files(600, rows=100, deletes=["d1"])

    assert files_to_join([changed, *files(500, rows=50)], 14) == set()
    assert files_to_join([changed, *files(500, rows=50)], 15) == {changed.path}


def test_five_files_of_deletes_are_applied_even_if_they_delete_little():
    few = files(600, rows=10_000, deletes=["d1", "d2", "d3", "d4"])
    many = files(600, rows=10_000, deletes=["d1", "d2", "d3", "d4", "d5"])

    assert files_to_join(few, 4) == set()
    assert files_to_join(many, 5) == {many[0].path}


def test_a_partition_without_deletes_is_left_alone():
    assert files_to_join(files(600), 0) == set()
