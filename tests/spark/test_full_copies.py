"""Files that are each the whole table, from end to end, on either engine."""

from functools import partial

import pytest

from cartlake.runs.bad_files import BadFilesError
from tests.spark.loading import csv, header_of
from tests.spark.parcels import counts, parcel, write_contracts

pytestmark = pytest.mark.spark


@pytest.fixture
def declared(tmp_path, monkeypatch):
    """Say in the contract of parcels that each file is the whole table."""
    monkeypatch.delenv("CARTLAKE_CONTRACTS_DIR", raising=False)
    write_contracts(tmp_path / "contracts", {"cartlake.fullCopy": "{maxDeletedShare: 0.5}"})
    monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(tmp_path / "contracts"))


@pytest.fixture(params=["light", "spark"])
def lake(request, declared, parcel_lakes):
    """A lake whose manifests say, as the ledger does, of which copy the table is."""
    lake = parcel_lakes(request.param)
    lake.newest_copy = ""
    made = lake.manifest

    def manifest(*args, **options):
        return made(*args, **options).model_copy(update={"newest_copy": lake.newest_copy})

    lake.manifest = manifest
    return lake


def drop(lake, day, *rows, name=None, **changes):
    """Drop a copy that was written on a day."""
    lake.drop(name or f"{day}.csv", csv(rows, header_of("parcels")))
    known = {"recency": f"2026-03-{day:02}", **changes}
    lake.files[-1] = lake.files[-1].model_copy(update=known)
    return lake.files[-1]


def run(lake):
    newest = max(file.recency for file in lake.files)
    report, _ = lake.run()
    lake.newest_copy = max(lake.newest_copy, newest)
    return report


def load(lake, day, *rows, **changes):
    drop(lake, day, *rows, **changes)
    return run(lake)


def test_a_copy_is_all_there_is_afterwards_and_what_stays_the_same_is_not_written(lake):
    load(lake, 1, parcel("a", 1, day=1), parcel("b", 2, day=2), parcel("c", 1, day=3))

    report = load(lake, 2, parcel("b", 1, day=4), parcel("c", 1, day=3), parcel("d", 1, day=5))

    assert lake.stored == [("b", 1, 4), ("c", 1, 3), ("d", 1, 5)]  # b is what the copy says, whatever its version
    assert (counts(report), report.deleted, report.spared) == ((3, 2, 0, 1), 1, 0)
    assert report.touched_days == ["2026-01-01", "2026-01-02", "2026-01-04", "2026-01-05"]

    again = load(lake, 3, parcel("a", 1, day=1), parcel("b", 1, day=4), parcel("c", 1, day=3), parcel("d", 1, day=5))

    assert ("a", 1, 1) in lake.stored  # a key that is back, in the version in which it was deleted
    assert (counts(again), again.deleted) == ((4, 1, 0, 3), 0)


def test_of_several_copies_the_newest_counts_in_one_batch_and_one_after_the_other(lake):
    drop(lake, 2, parcel("a", 1), parcel("b", 1))
    drop(lake, 3, parcel("b", 1), parcel("c", 1))
    drop(lake, 1, parcel("a", 2), parcel("d", 1))

    report = run(lake)

    assert (lake.stored, counts(report)) == ([("b", 1, 1), ("c", 1, 1)], (6, 2, 0, 4))

    late = load(lake, 2, parcel("a", 3, day=9), parcel("c", 3, day=9), name="late.csv")

    assert lake.stored == [("b", 1, 1), ("c", 1, 1)]
    assert (counts(late), late.deleted, late.touched_days) == ((2, 0, 0, 2), 0, [])


def test_a_copy_that_lacks_too_many_keys_is_refused_with_the_command_that_lets_it_through(lake):
    load(lake, 1, *(parcel(key, 1) for key in "abcd"))
    half = partial(drop, lake, 2, parcel("a", 1), parcel("e", 1))
    file = half()

    with pytest.raises(BadFilesError) as refused:
        run(lake)

    [bad] = refused.value.files
    assert (bad.file_id, bad.reason) == (file.file_id, "too_many_deleted")
    assert "lacks 3 of its 4 keys (75.0%); the contract lets a file delete 50.0%" in bad.detail
    assert f"`lake quarantine replay parcels --file {file.file_id} --accept-deletes`" in bad.detail
    assert lake.stored == [(key, 1, 1) for key in "abcd"]
    assert not lake.rows("ops.quarantine_rows")

    half(accepts_deletes=True)
    report = run(lake)

    assert (lake.stored, report.deleted) == ([("a", 1, 1), ("e", 1, 1)], 3)


def test_a_row_that_is_refused_takes_no_row_out(lake):
    load(lake, 1, parcel("a", 1), parcel("b", 1), parcel("c", 1))

    report = load(lake, 2, parcel("a", 2, grams="0"), parcel("b", 2))

    assert lake.stored == [("a", 1, 1), ("b", 2, 1)]
    assert (counts(report), report.deleted) == ((2, 1, 1, 0), 1)

    unreadable = load(lake, 3, parcel("", 2), parcel("b", 2))

    assert lake.stored == [("a", 1, 1), ("b", 2, 1)]  # a may be the row whose key is missing
    assert (counts(unreadable), unreadable.deleted, unreadable.spared) == ((2, 0, 1, 1), 0, 1)


def test_rows_that_are_sent_again_are_merged_into_the_copy_and_those_of_older_ones_are_not(lake):
    load(lake, 2, parcel("a", 1), parcel("b", 1, grams="0"))
    replay = {"name": "replay/replay-0123456789abcdef.jsonl", "recency": "2026-03-03"}
    drop_replay(
        lake, '{"parcel_id": "b", "grams": 9, "shipped_on": "2026-01-01", "updated_at": "2026-02-01"}', **replay
    )

    report, _ = lake.run()

    assert (lake.stored, counts(report)) == ([("a", 1, 1), ("b", 1, 1)], (1, 1, 0, 0))

    older = replay | {"name": "replay/replay-00000000000000ff.jsonl", "recency": "2026-03-01"}
    drop_replay(lake, '{"parcel_id": "z", "grams": 9, "shipped_on": "2026-01-01", "updated_at": "2026-02-01"}', **older)
    report, _ = lake.run()

    assert (lake.stored, counts(report)) == ([("a", 1, 1), ("b", 1, 1)], (1, 0, 0, 1))


def drop_replay(lake, line, name, recency):
    (lake.incoming / "parcels" / "replay").mkdir(exist_ok=True, parents=True)
    lake.drop(name, f"{line}\n".encode(), kind="jsonl", header=[])
    lake.files[-1] = lake.files[-1].model_copy(update={"recency": recency})


def test_a_backfill_of_the_copy_takes_out_what_is_refused_now_and_one_of_older_copies_changes_nothing(lake):
    old = drop(lake, 1, parcel("a", 1), parcel("b", 1))
    first = run(lake)
    new = drop(lake, 2, parcel("a", 1), parcel("b", 2))
    second = run(lake)
    [old], [new] = lake.loaded_by(first, [old]), lake.loaded_by(second, [new])

    unchanged = lake.backfill([old])

    assert (lake.stored, counts(unchanged)) == ([("a", 1, 1), ("b", 2, 1)], (2, 0, 0, 2))

    both = lake.backfill([old, new])

    assert (lake.stored, counts(both), both.deleted) == ([("a", 1, 1), ("b", 2, 1)], (4, 0, 0, 4), 0)
