"""Waiting for files, the refresh and maintenance: until when, and how long without any change."""

from types import SimpleNamespace

import pytest

from cartlake.ledger import FileState, NextRun, ObjectVersion, RunState
from cartlake.refresh.graph import WHOLE
from cartlake.runs.ids import Workflow
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.follow import WatchedFiles, follow_refresh, wait_for_files, wait_for_run

RUN = "refresh-20260131T083000-aaaaaa"
OTHER_RUN = "refresh-20260131T084000-bbbbbb"
LOAD = "events-20260131T080000-cccccc"
MAINTENANCE = "maintenance-20260131T084000-bbbbbb"


class TestRefresh:
    def test_with_nothing_stale_there_is_nothing_to_wait_for(self, lake, others):
        assert follow_refresh(lake, pause=others.pause) == []

    def test_waiting_ends_when_nothing_is_stale_and_nothing_is_rebuilt(self, lake, others, begins, ends):
        lake.ledger.stale.mark(LOAD, "processed.events", WHOLE)
        others.acts = [
            begins,
            lambda: lake.ledger.stale.mark(LOAD, "processed.sums", WHOLE),
            ends,
            lambda: begins(OTHER_RUN),
            lambda: ends(OTHER_RUN),
        ]

        runs = follow_refresh(lake, pause=others.pause)

        assert others.acts == []
        assert {run.run_id for run in runs} == {RUN, OTHER_RUN}

    def test_a_failed_refresh_names_what_stays_stale(self, lake, others, begins, fails):
        lake.ledger.stale.mark(LOAD, "processed.events", WHOLE)
        others.acts = [begins, fails]

        with pytest.raises(CommandError, match=r"failed.*processed\.events.*`lake runs --dataset refresh`"):
            follow_refresh(lake, pause=others.pause)

    def test_waiting_ends_when_nothing_changes(self, lake):
        lake.ledger.stale.mark(LOAD, "processed.events", WHOLE)
        seconds = iter(range(0, 10_000, 100))

        with pytest.raises(CommandError, match="made no progress for 300 s"):
            follow_refresh(lake, timeout_seconds=300, clock=lambda: next(seconds), pause=lambda _: None)

    def test_a_refresh_that_waits_is_waited_for_until_it_is_due(self, lake):
        lake.ledger.stale.mark(LOAD, "processed.events", WHOLE)
        at = "9999-01-01T00:00:00.000000Z"
        run = NextRun(subject=Workflow.REFRESH, run_id=RUN, execution_arn="arn:1", starts_at=at)
        lake.ledger.next_runs.plan(run)
        seconds, looks = iter(range(0, 10_000, 100)), []

        def due(_):
            looks.append(1)
            if len(looks) == 20:
                lake.ledger.next_runs.replace(RUN, run.model_copy(update={"starts_at": "2026-01-31T08:30:00.000000Z"}))

        with pytest.raises(CommandError, match="made no progress for 300 s"):
            follow_refresh(lake, timeout_seconds=300, clock=lambda: next(seconds), pause=due)
        assert len(looks) == 20


class TestMaintenance:
    def test_it_waits_until_the_run_has_released_its_lock(self, lake, others):
        ledger = lake.ledger
        ledger.locks.acquire(Workflow.MAINTENANCE, MAINTENANCE)
        others.acts = [
            lambda: ledger.runs.start(MAINTENANCE),
            lambda: ledger.runs.finish(MAINTENANCE, None, ""),
            lambda: ledger.locks.release(Workflow.MAINTENANCE, MAINTENANCE),
        ]

        assert wait_for_run(lake, MAINTENANCE, pause=others.pause).state is RunState.SUCCEEDED
        assert others.acts == []

    def test_a_run_that_does_not_end_is_an_error_that_names_it(self, lake):
        seconds = iter(range(0, 10_000, 100))

        with pytest.raises(CommandError, match=f"{MAINTENANCE} has not ended after 300 s"):
            wait_for_run(lake, MAINTENANCE, timeout_seconds=300, clock=lambda: next(seconds), pause=lambda _: None)


class TestFiles:
    @pytest.fixture
    def landed(self):
        return ObjectVersion(bucket="raw", key="incoming/events/a.jsonl", version_id="v1", etag="e", size=4)

    @pytest.fixture
    def watch(self, lake, others):
        looks = []

        def run(*file_ids, **options):
            waited = {"pause": others.pause} | options
            files = wait_for_files(lake, {"events": file_ids}, lambda states, _: looks.append(dict(states)), **waited)
            return files["events"], looks

        return run

    def test_a_file_is_waited_for_from_its_upload_until_its_run_has_released_the_lock(
        self, lake, others, landed, watch
    ):
        def rejected():
            lake.ledger.locks.acquire("events", LOAD)
            file = lake.ledger.files.receive("events", landed)
            lake.ledger.files.rejected(file.file_id, "empty_file", "It has no row.")

        others.acts = [rejected, lambda: lake.ledger.locks.release("events", LOAD)]

        [file], looks = watch(landed.file_id)

        assert (file.file_id, file.state, others.acts) == (landed.file_id, "REJECTED", [])
        assert looks == [{"events": {state: 1}} for state in ("UPLOADED", "REJECTED", "REJECTED")]

    def test_when_nothing_changes_the_states_are_named(self, landed, watch):
        seconds = iter(range(0, 10_000, 100))

        with pytest.raises(CommandError, match="Nothing changed for 300 s; files are UPLOADED"):
            watch(landed.file_id, timeout_seconds=300, clock=lambda: next(seconds), pause=lambda _: None)

    def test_files_that_are_gathered_are_waited_for_until_their_run_is_due(self, lake, landed, watch):
        at = "9999-01-01T00:00:00.000000Z"
        run = NextRun(subject="events", run_id=LOAD, execution_arn="arn:1", starts_at=at)
        lake.ledger.next_runs.plan(run)
        seconds = iter(range(0, 10_000, 100))
        looks = []

        def due(_):
            looks.append(1)
            if len(looks) == 20:
                lake.ledger.next_runs.replace(LOAD, run.model_copy(update={"starts_at": "2026-01-31T08:30:00.000000Z"}))

        with pytest.raises(CommandError, match="Nothing changed for 300 s"):
            watch(landed.file_id, timeout_seconds=300, clock=lambda: next(seconds), pause=due)
        assert len(looks) == 20


class TestWatchedFiles:
    """A thousand files, of which at most fifty are read at a look while none of them has a final state."""

    IDS = tuple(f"{number:04d}" for number in range(1000))

    @pytest.fixture
    def states(self):
        return dict.fromkeys(self.IDS, FileState.VALIDATED)

    @pytest.fixture
    def read(self):
        return []

    @pytest.fixture
    def watched(self, states, read):
        def get_many(file_ids):
            read.extend(file_ids)
            return [SimpleNamespace(file_id=one, state=states[one]) for one in file_ids if one in states]

        return WatchedFiles(self.IDS, get_many)

    def test_few_are_read_while_the_oldest_wait(self, watched, read):
        for _ in range(4):
            watched.look()

        assert read.count("0000") == 4
        assert len(read) == 4 * 50
        assert len(set(read)) == 25 + 4 * 25

    def test_all_are_known_once_they_are_loaded(self, watched, states, read):
        watched.look()
        states.update(dict.fromkeys(self.IDS, FileState.LOADED))

        assert {file.state for file in watched.look()} == {FileState.LOADED}
        assert len(read) == 50 + 1000
        watched.look()
        assert len(read) == 50 + 1000

    def test_a_file_that_was_not_received_is_none(self, watched, states):
        del states["0003"]

        assert [number for number, file in enumerate(watched.look()[:25]) if file is None] == [3]

    def test_one_late_file_among_many_that_are_loaded_is_waited_for(self, watched, states):
        states.update(dict.fromkeys(self.IDS, FileState.LOADED))
        states["0700"] = FileState.CLAIMED

        for _ in range(50):
            found = watched.look()

        assert [file.file_id for file in found if file is None or file.state is not FileState.LOADED] == ["0700"]

    def test_a_duplicate_that_took_the_place_of_another_is_waited_for(self, watched, states):
        states.update(dict.fromkeys(self.IDS, FileState.DUPLICATE))
        assert len(watched.look()) == 1000
        states["0500"] = FileState.VALIDATED

        assert len(watched.look_again()) == 999
        states["0500"] = FileState.LOADED
        watched.look()
        assert len(watched.look_again()) == 1000
