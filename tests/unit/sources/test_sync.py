"""A sync: its files, its lease, and where it goes on."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from cartlake.ledger.sources import LEASE, SourceBusyError, SyncReplacedError
from sources.errors import ClockError, SourceUnavailableError
from sources.known_rows import MOST_ROWS, KnownRows
from sources.model import Page
from tests.unit.sources.world import INFO, OVERLAP, START, Killed, World, row_of


@pytest.fixture
def world():
    world = World()
    for record in range(1, 11):
        world.change(record)
    return world


def test_pages_become_numbered_files_below_the_folder_of_the_sync(world):
    result = world.sync()

    folder = f"incoming/records/sync/{result.sync_id}"
    assert [len(world.files.files[key].rows) for key in sorted(world.files.files)] == [6, 4]
    assert sorted(world.files.files) == [f"{folder}/000001.jsonl", f"{folder}/000002.jsonl"]
    assert (result.read, result.written, result.known, result.files, result.done) == (10, 10, 0, 2, True)
    assert result.watermark == row_of(world.versions[-1])["updated_at"]


def test_a_second_sync_reads_the_overlap_and_writes_nothing_of_it(world):
    world.sync()

    again = world.sync()

    assert (again.read, again.known, again.written, again.files) == (10, 10, 0, 0)
    assert len(world.files.files) == 2


def test_where_the_time_is_over_the_next_sync_goes_on(world):
    answers = iter([True, False, False])

    first = world.sync(has_time=lambda: next(answers))
    second = world.sync()

    assert (first.done, first.written, second.done, second.written) == (False, 3, True, 10)
    assert first.sync_id == second.sync_id
    assert world.files.rows == [row_of(version) for version in world.versions]


@pytest.mark.parametrize("step", range(40))
def test_a_sync_killed_at_any_step_is_gone_on_with(world, step):
    world.faults.planned = [(step, "kill")]
    try:
        world.sync()
    except Killed:
        world.tick(seconds=LEASE.total_seconds())
        world.sync()

    assert world.files.rows == [row_of(version) for version in world.versions]


def test_a_file_that_is_there_is_taken_as_it_is(world):
    """The killed sync wrote rows that were modified since: they are in its file, and nowhere else."""
    world.faults.planned = [(15, "kill")]  # after the first file, before the ledger
    with pytest.raises(Killed):
        world.sync()
    assert (len(world.files.files), world.ledger.get("records").open.files) == (1, 0)
    for record in range(1, 7):
        world.change(record)
    world.tick(seconds=LEASE.total_seconds())

    result = world.sync()

    assert (result.read, result.written, result.files) == (10, 10, 2)
    assert world.files.rows == [row_of(version) for version in world.versions[:10]]
    assert world.sync().written == 6


class TestTwoAtOnce:
    def test_the_second_is_told_that_the_first_is_at_work(self, world):
        world.ledger.take("records", "somebody", world.time)

        with pytest.raises(SourceBusyError, match=r"Another sync reads source records.*after 2026-03-01T08:05:10"):
            world.sync()
        assert world.files.files == {}

    def test_one_that_takes_the_place_of_another_ends_it(self, world):
        world.faults.planned = [(7, "rival")]

        with pytest.raises(SyncReplacedError, match="took the place of this one"):
            world.sync()

        assert world.files.rows == [row_of(version) for version in world.versions]
        assert world.ledger.get("records").error is None

    def test_a_file_that_another_writes_at_the_last_moment_is_taken_as_it_is(self, world, monkeypatch):
        """A sync that lost its lease may still write one file."""
        create = world.files.create

        def late(key, file):
            if not world.files.files:
                world.files.files[key] = replace(file, rows=file.rows[:2], cursor="2", read=2)
            return create(key, file)

        monkeypatch.setattr(world.files, "create", late)

        assert world.sync().written == 10
        assert world.files.rows == [row_of(version) for version in world.versions]

    def test_a_lease_of_a_clock_that_was_ahead_holds_nobody(self, world):
        world.ledger.take("records", "somebody", world.time + timedelta(days=1))

        assert world.sync().done


def test_a_sync_that_fails_says_why_and_gives_its_lease_back(world):
    world.faults.planned = [(6, "fail")]

    with pytest.raises(SourceUnavailableError):
        world.sync()

    state = world.ledger.get("records")
    assert (state.error, state.holder, state.lease_until) == ("SourceUnavailableError: out of order", None, None)
    assert world.sync().done
    assert world.ledger.get("records").error is None


class TestCursors:
    class Circle:
        """A source whose cursor stays where it is."""

        info = INFO

        def now(self):
            return START

        def pages(self, _window, _cursor):
            while True:
                yield Page(({"id": 1, "updated_at": "2026-03-01"},), "c")

    class Short(Circle):
        """A source that ends before its last page."""

        def pages(self, _window, _cursor):
            yield Page((), "c")

    def test_one_that_comes_twice_ends_the_sync(self, world):
        with pytest.raises(SourceUnavailableError, match="records gave the cursor c twice"):
            world.syncer().sync(self.Circle())

    def test_one_that_leads_nowhere_ends_the_sync(self, world):
        with pytest.raises(SourceUnavailableError, match="ended before its last page"):
            world.syncer().sync(self.Short())


def test_since_begins_anew_even_amid_a_sync(world):
    world.faults.planned = [(12, "kill")]
    with pytest.raises(Killed):
        world.sync()
    world.tick(seconds=LEASE.total_seconds())

    result = world.syncer().sync(world, since=world.versions[7].modified)

    assert (result.written, result.done) == (3, True)


def test_a_clock_that_goes_back_ends_the_sync_and_says_how_to_go_on(world):
    world.sync()
    world.time = START - timedelta(hours=1)

    with pytest.raises(ClockError, match=r"lake sync records --since TIME"):
        world.sync()


def test_a_dry_run_counts_what_the_next_sync_reads(world):
    world.faults.planned = [(12, "kill")]
    with pytest.raises(Killed):
        world.sync()
    before = dict(world.table.items)

    looked = world.syncer().look(world)

    assert (looked.written, looked.dry_run, world.table.items == before) == (10, True, True)
    world.tick(seconds=LEASE.total_seconds())
    assert replace(world.sync(), dry_run=True).written == looked.written


def test_the_known_rows_of_two_syncs_fit_into_an_item_of_dynamodb():
    known = KnownRows()
    for number in range(MOST_ROWS + 500):
        known.add(INFO, {"id": number, "updated_at": f"2026-03-01T08:00:00.{number:06}+00:00"})

    packed = known.pack()

    assert len(json.dumps([packed, packed])) < 390_000  # of 400 KB
    kept = KnownRows.unpack(packed).times
    assert len(kept) == MOST_ROWS
    assert min(kept.values()) == sorted(known.times.values())[500]


def test_rows_older_than_the_overlap_are_forgotten(world):
    world.sync()
    world.tick(seconds=OVERLAP.total_seconds() + 60)
    world.change(11)
    world.sync()

    assert len(KnownRows.unpack(world.ledger.get("records").known).times) == 1
