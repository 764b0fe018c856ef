"""What pays, judged by numbers alone."""

from datetime import UTC, datetime, timedelta

import pytest

from cartlake.contracts import Maintenance
from cartlake.maintenance.health import (
    Action,
    MaintenanceOptions,
    expirable,
    keep_last,
    measure,
    needs,
    removable,
    with_statistics,
)
from cartlake.tables.file_stats import FileStats, PartitionFiles, Snapshot, in_flight, leftovers

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MB = 1024**2
SETTINGS = Maintenance()


def partition(files, small, mb_each=1):
    return PartitionFiles(files=files, size=files * mb_each * MB, small=small, small_size=small * mb_each * MB)


def line(*days_ago, operation="append", start=1):
    """Snapshots of one line, given by their ages, oldest first."""
    return [
        Snapshot(start + place, start + place - 1 if place else None, NOW - timedelta(days=days), operation)
        for place, days in enumerate(days_ago)
    ]


def facts(snapshots=(), **known):
    snapshots = list(snapshots) or line(1)
    return FileStats(snapshots=snapshots, branches={"main": snapshots[-1].snapshot_id}, **known)


def wanted(found):
    return [need.action for need in found]


class TestJoining:
    @pytest.mark.parametrize(
        ("partitions", "spared"),
        [
            pytest.param([partition(1, 1)] * 365, 0, id="a small file a day cannot be joined to another day's"),
            pytest.param([partition(4, 4)], 0, id="four are not worth it"),
            pytest.param([partition(5, 5)], 4, id="five are"),
            pytest.param([partition(9, 8)], 7, id="one of them is large enough"),
            pytest.param([partition(10, 10, 60)], 5, id="600 MB fill five files of the target"),
            pytest.param([], 0, id="nothing at all"),
        ],
    )
    def test_files_are_spared_within_a_partition(self, partitions, spared):
        assert removable(partitions, SETTINGS, SETTINGS.min_input_files) == spared

    def test_it_pays_from_the_contracts_share_of_files_on(self):
        large, small = partition(8, 0, 128), partition(5, 5)

        assert needs(facts(partitions=[large, large, small]), SETTINGS, NOW) == []
        [need] = needs(facts(partitions=[large, small]), SETTINGS, NOW)

        assert (need.action, need.why) == (Action.REWRITE, "4 of 13 files could be joined to others")

    def test_files_that_runs_join_themselves_start_no_job_until_there_are_many(self):
        some, others = [partition(15, 15)], [partition(15, 15)] * 4
        large = [partition(15, 15), partition(9, 0, 128)]
        force = MaintenanceOptions(force=True)

        def actions(partitions, **options):
            return wanted(needs(facts(partitions=partitions, tidied_by_runs=True), SETTINGS, NOW, **options))

        assert wanted(needs(facts(partitions=some), SETTINGS, NOW)) == [Action.REWRITE]
        assert actions(some) == []
        assert actions(others) == [Action.REWRITE]
        assert actions(large) == [Action.REWRITE]
        assert actions(some, options=force) == [Action.REWRITE]

    def test_force_joins_what_can_be_joined_at_all(self):
        two = facts(partitions=[partition(100, 0, 128), partition(2, 2)])

        assert needs(two, SETTINGS, NOW) == []
        assert wanted(needs(two, SETTINGS, NOW, options=MaintenanceOptions(force=True))) == [Action.REWRITE]
        assert needs(facts(partitions=[partition(1, 1)]), SETTINGS, NOW, options=MaintenanceOptions(force=True)) == []

    def test_distinct_values_are_counted_only_when_the_files_are_rewritten_anyway(self):
        rewriting = needs(facts(partitions=[partition(9, 9)]), SETTINGS, NOW)

        assert wanted(with_statistics(rewriting, ("id",))) == [Action.REWRITE, Action.STATISTICS]
        assert with_statistics(rewriting, ()) == rewriting
        assert with_statistics([], ("id",)) == []


class TestDeletes:
    def test_deleted_rows_pay_from_the_contracts_share_on(self):
        some = facts(partitions=[partition(1, 0, 128)], records=100, delete_files=1, deleted_rows=9)
        more = facts(partitions=[partition(1, 0, 128)], records=100, delete_files=1, deleted_rows=10)

        assert needs(some, SETTINGS, NOW) == []
        [need] = needs(more, SETTINGS, NOW)

        assert (need.action, measure(more, SETTINGS).rows) == (Action.REWRITE, 90)
        assert "10 rows (10%)" in need.why

    def test_many_delete_files_are_joined_even_if_they_delete_little(self):
        many = facts(partitions=[partition(1, 0, 128)], records=10_000, delete_files=20, deleted_rows=20)

        assert wanted(needs(many, SETTINGS, NOW)) == [Action.REWRITE_DELETES]

    def test_deletes_that_dangle_do_not_make_rows_negative(self):
        dangling = measure(facts(records=5, deleted_rows=9, delete_files=1), SETTINGS)

        assert (dangling.rows, dangling.delete_ratio) == (0, 1.0)


class TestExpiry:
    def test_old_snapshots_go_but_for_the_last_ones(self):
        old = facts(line(*range(30, 10, -1)))

        gone = expirable(old, SETTINGS, NOW, keep_days=5)

        assert gone == set(range(1, 16))  # the last five stay, however old
        assert wanted(needs(old, SETTINGS, NOW, orphans_removed_at=NOW)) == [Action.EXPIRE]

    def test_what_was_seen_within_the_kept_days_stays(self):
        assert expirable(facts(line(4, 3, 2, 1, 0.5, 0.4, 0.3)), SETTINGS, NOW, keep_days=5) == set()

    def test_a_few_old_ones_start_no_job_unless_forced(self):
        few = facts(line(20, 19, 18, 3, 2, 1, 0.5, 0.4))

        assert needs(few, SETTINGS, NOW, orphans_removed_at=NOW) == []
        assert wanted(
            needs(few, SETTINGS, NOW, orphans_removed_at=NOW, options=MaintenanceOptions(keep_snapshots_days=5))
        ) == [Action.EXPIRE]

    def test_branches_and_tags_keep_theirs(self):
        snapshots = [*line(*range(30, 10, -1)), Snapshot(50, 3, NOW - timedelta(days=20), "append")]
        kept = FileStats(snapshots=snapshots, branches={"main": 20, "year_end": 50}, tags={"audit": 7})

        gone = expirable(kept, SETTINGS, NOW, keep_days=5)

        assert {50, 3, 2, 7}.isdisjoint(gone)  # the branch has a line of its own
        assert {4, 5, 6, 8} <= gone

    def test_what_no_branch_knows_any_more_goes(self):
        rolled_back = FileStats(snapshots=line(9, 8, 7), branches={"main": 2})

        assert expirable(rolled_back, SETTINGS, NOW, keep_days=5) == {3}

    def test_the_last_write_stays_however_often_the_table_was_maintained_since(self):
        written, rewritten = line(30), line(*range(20, 11, -1), operation="replace", start=2)
        rewritten[0] = Snapshot(2, 1, rewritten[0].at, "replace")
        maintained = facts([*written, *rewritten])

        assert keep_last(maintained, SETTINGS) == 10
        assert 1 not in expirable(maintained, SETTINGS, NOW, keep_days=5)
        assert measure(maintained, SETTINGS).written_at == NOW - timedelta(days=30)


class TestBranches:
    def branch(self, name, days_ago):
        return FileStats(snapshots=line(9, days_ago), branches={"main": 1, name: 2})

    @pytest.mark.parametrize(
        ("name", "days_ago", "at_work", "left"),
        [
            pytest.param("audit_a_20261121T100000_aaaaaa", 0.01, True, False, id="written just now"),
            pytest.param("audit_a_20261121T100000_aaaaaa", 8, True, False, id="begun just now, nothing written"),
            pytest.param("audit_a_20261119T120000_aaaaaa", 2, False, False, id="over, and may be looked into"),
            pytest.param("audit_a_20261110T120000_aaaaaa", 8, False, True, id="left long ago"),
            pytest.param("audit_a_20261121T100000_aaaaaa_deleted_keys", 8, True, False, id="deletes of a run at work"),
            pytest.param("audit_a_20261110T120000_aaaaaa_deleted_keys", 8, False, True, id="deletes left long ago"),
            pytest.param("deleted_keys", 0.01, False, False, id="what the table remembers, written just now"),
            pytest.param("deleted_keys", 80, False, False, id="what the table remembers, written long ago"),
            pytest.param("year_end", 8, False, False, id="branch of a user"),
            pytest.param("experiment", 0.1, True, False, id="branch of a user, just written"),
        ],
    )
    def test_a_branch_is_of_a_run_at_work_or_left(self, name, days_ago, at_work, left):
        found = self.branch(name, days_ago)

        assert (in_flight(found, NOW), leftovers(found, NOW)) == ([name] * at_work, [name] * left)
        assert (Action.DROP_BRANCHES in wanted(needs(found, SETTINGS, NOW, orphans_removed_at=NOW))) is left


class TestOrphans:
    @pytest.mark.parametrize(
        ("oldest_days", "swept_days", "due"),
        [
            pytest.param(2, None, False, id="the table is younger than any file that may go"),
            pytest.param(4, None, True, id="never"),
            pytest.param(30, 6, False, id="this week"),
            pytest.param(30, 7, True, id="a week ago"),
        ],
    )
    def test_the_table_is_swept_once_a_week(self, oldest_days, swept_days, due):
        orphans_removed_at = None if swept_days is None else NOW - timedelta(days=swept_days)

        found = needs(facts(line(oldest_days, 1)), SETTINGS, NOW, orphans_removed_at=orphans_removed_at)

        assert wanted(found) == [Action.ORPHANS] * due


def test_many_manifests_are_joined():
    assert wanted(needs(facts(manifests=50), SETTINGS, NOW)) == [Action.REWRITE_MANIFESTS]
    assert needs(facts(manifests=49), SETTINGS, NOW) == []


def test_a_table_that_was_never_written_is_well():
    empty = FileStats()

    assert needs(empty, SETTINGS, NOW) == []
    assert measure(empty, SETTINGS).small_file_ratio == 0
