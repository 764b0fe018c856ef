"""table_maintenance on real Iceberg tables: fewer files, the same rows, and no reader or writer fails."""

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from cartlake.contracts.model import SortField
from cartlake.errors import TransientError
from cartlake.maintenance.health import Action
from cartlake.runs.ids import audit_branch
from glue_jobs.engines.spark import iceberg
from glue_jobs.table_maintenance import main as job
from glue_jobs.table_maintenance import procedures
from glue_jobs.table_maintenance.leases import Answer, RunOverError
from glue_jobs.table_maintenance.main import MaintenanceError
from glue_jobs.table_maintenance.maintenance import TableMaintenance
from tests.spark.maintaining import FakeCoordinator, MaintainedLake, actions, described

pytestmark = pytest.mark.spark

RATES = "processed.fx_rates"
QUALITY = "ops.quality_results"
HELD, WAITING = Answer("held", "me", waiting=False), Answer("held", "me", waiting=True)
DAY = date(2026, 2, 27)
REWRITE = "glue_catalog.system.rewrite_data_files"


@pytest.fixture
def lake(lake):
    return MaintainedLake(lake.spark)


def rate(number, day=DAY, **changes):
    moment = datetime(2026, 2, 27, 12, tzinfo=UTC)
    row = {"rate_date": day, "currency": f"C{number:02d}", "rate": Decimal(number + 1), "updated_at": moment}
    return {**row, "_ingested_at": moment, "_source_file": "s3://raw/a.csv", "_run_id": "fx-run", **changes}


@pytest.fixture
def rates(lake):
    """Eight loads of one rate each: eight files in one partition, eight snapshots."""
    for number in range(8):
        lake.insert(RATES, [rate(number)])
    return lake


def test_small_files_become_one_and_no_row_changes(rates):
    before = rates.rows(RATES)

    done = rates.maintain(rates.work(RATES))[RATES]

    assert (done.outcome, actions(done)) == ("maintained", [Action.REWRITE, Action.STATISTICS])
    assert (done.before.data_files, done.after.data_files) == (8, 1)
    assert (done.before.rows, done.after.rows) == (8, 8)
    assert rates.rows(RATES) == before
    assert rates.health(RATES).removable_files == 0


def test_its_snapshots_have_the_run_that_made_them_and_those_of_the_next_job_its_own(rates):
    rates.maintain(rates.work(RATES))
    iceberg.label_snapshots(rates.spark, "fx_rates-20260301T120000-00000a")
    rates.insert(RATES, [rate(9)])

    *_, replaced, appended = rates.snapshots(RATES)

    assert replaced == ("replace", rates.run_id)
    assert appended == ("append", "fx_rates-20260301T120000-00000a")


def test_a_table_in_good_health_needs_nothing(rates):
    rates.maintain(rates.work(RATES))

    assert rates.work(RATES).needs == []


def test_deleted_rows_leave_the_files_and_their_delete_files_go(rates):
    rates.spark.sql(f"delete from glue_catalog.{RATES} where currency in ('C01', 'C02')")
    rates.spark.sql(f"update glue_catalog.{RATES} set rate = 99 where currency = 'C03'")
    before = rates.rows(RATES)
    work = rates.work(RATES)

    done = rates.maintain(work)[RATES]

    assert Action.REWRITE in actions(done)
    assert (done.before.rows, done.after.rows, done.after.deleted_rows, done.after.delete_files) == (6, 6, 0, 0)
    assert rates.rows(RATES) == before


def test_one_file_whose_rows_are_deleted_is_rewritten_alone(lake):
    lake.spark.createDataFrame(
        [tuple(rate(number).values()) for number in range(20)],
        "rate_date date, currency string, rate decimal(18,8), updated_at timestamp, _ingested_at timestamp, "
        "_source_file string, _run_id string",
    ).coalesce(1).writeTo(f"glue_catalog.{RATES}").append()
    lake.spark.sql(f"delete from glue_catalog.{RATES} where currency < 'C04'")
    work = lake.work(RATES)
    assert "deleted but still in the files" in work.needs[0].why

    done = lake.maintain(work)[RATES]

    assert (done.after.rows, done.after.deleted_rows, done.after.delete_files) == (16, 0, 0)


@pytest.mark.parametrize("order", ["sorted", "z-order"])
def test_rows_are_written_in_the_contracts_order(rates, monkeypatch, order):
    _, table = described(RATES)
    if order == "sorted":
        monkeypatch.setitem(table.__dict__, "sort_order", (SortField("currency", "desc", "last"),))
    else:
        settings = table.maintenance.model_copy(update={"z_order_by": ("currency", "updated_at")})
        monkeypatch.setitem(table.__dict__, "maintenance", settings)
    for number in (30, 20, 10):
        rates.insert(RATES, [rate(number)])

    rates.maintain(rates.work(RATES))

    [file] = [row.file_path for row in rates.spark.sql(f"select file_path from glue_catalog.{RATES}.files").collect()]
    stored = [row.currency for row in rates.spark.read.parquet(file).collect()]
    assert len(stored) == 11
    if order == "sorted":
        assert stored == sorted(stored, reverse=True)


class TestLeases:
    def test_a_dataset_is_held_while_it_is_rewritten_and_given_back(self, rates):
        rates.maintain(rates.work(RATES))

        assert set(rates.coordinator.asked) == {"fx_rates"} == set(rates.coordinator.released)
        assert len(rates.coordinator.released) == 1

    def test_a_dataset_that_is_being_loaded_is_left_for_the_next_time(self, rates):
        done = rates.maintain(
            rates.work(RATES), coordinator=FakeCoordinator(Answer("busy", "fx_rates-1", waiting=False))
        )[RATES]

        assert (done.outcome, done.done, done.after.data_files) == ("busy", [], 8)
        assert "fx_rates-1" in done.reason
        assert rates.coordinator.released == []  # it was never ours

    def test_files_that_came_first_go_first_and_giving_back_starts_their_run(self, rates):
        done = rates.maintain(rates.work(RATES), coordinator=FakeCoordinator(WAITING))[RATES]

        assert (done.outcome, done.after.data_files) == ("busy", 8)
        assert rates.coordinator.released == ["fx_rates"]

    def test_files_that_come_meanwhile_wait_for_one_step_only(self, rates):
        for day in (date(2025, 1, 1), date(2024, 1, 1)):  # partitions of their own
            for number in range(8):
                rates.insert(RATES, [rate(number, day)])

        done = rates.maintain(
            rates.work(RATES), coordinator=FakeCoordinator(HELD, WAITING), arguments="--step_files 8"
        )[RATES]

        assert done.outcome == "yielded"
        assert "a run waits for it" in done.reason
        assert 8 < done.after.data_files < 24
        assert rates.coordinator.released == ["fx_rates"]
        assert rates.maintain(rates.work(RATES))[RATES].after.data_files == 3

    def test_a_lock_that_was_taken_over_ends_the_work_at_once(self, rates):
        for number in range(8):
            rates.insert(RATES, [rate(number, date(2025, 1, 1))])
        lost = Answer("busy", "fx_rates-2", waiting=False)

        done = rates.maintain(rates.work(RATES), coordinator=FakeCoordinator(HELD, lost), arguments="--step_files 8")[
            RATES
        ]

        assert done.outcome == "busy"
        assert "fx_rates-2" in done.reason

    def test_a_run_that_is_over_gets_nothing_more(self, rates):
        coordinator = FakeCoordinator(before=lambda: (_ for _ in ()).throw(RunOverError("over")))

        with pytest.raises(RunOverError):
            rates.maintain(rates.work(RATES), coordinator=coordinator)

        assert rates.health(RATES).data_files == 8

    def test_tables_that_all_runs_append_to_need_no_lease(self, lake):
        for number in range(6):
            lake.insert(QUALITY, [quality(number)])

        done = lake.maintain(lake.work(QUALITY))[QUALITY]

        assert (done.outcome, done.after.data_files, lake.coordinator.asked) == ("maintained", 1, [])

    def test_no_step_is_begun_after_the_budget(self, rates):
        done = rates.maintain(rates.work(RATES), arguments="--budget_minutes 0")[RATES]

        assert (done.outcome, done.after.data_files) == ("yielded", 1)  # the step that was begun is finished
        assert "time of this run" in done.reason


def quality(number, run="fx_rates-1"):
    moment = datetime(2026, 2, 27, 12, tzinfo=UTC)
    row = {"run_id": run, "dataset": "fx_rates", "table_name": RATES, "rule": f"r{number}"}
    return {**row, "severity": "error", "value": float(number), "measured_at": moment}


class TestWriters:
    """Others write while a table is rewritten: none of their rows is lost, and none of their commits fails."""

    def test_rows_written_and_deleted_between_two_steps_are_as_their_writer_left_them(self, rates):
        for number in range(8):
            rates.insert(RATES, [rate(number, date(2025, 1, 1))])

        def act():
            if len(rates.coordinator.asked) == 2:  # after the first step, in files of either kind
                rates.insert(RATES, [rate(50), rate(51, date(2025, 1, 1))])
                rates.spark.sql(f"delete from glue_catalog.{RATES} where currency = 'C02'")

        done = rates.maintain(rates.work(RATES), coordinator=FakeCoordinator(before=act), arguments="--step_files 8")[
            RATES
        ]

        assert len(rates.coordinator.asked) >= 3
        assert {row[1] for row in rates.rows(RATES)} == {f"C{n:02d}" for n in (0, 1, 3, 4, 5, 6, 7, 50, 51)}
        assert (done.outcome, done.after.rows) == ("maintained", 16)

    def test_a_thread_that_appends_and_deletes_all_the_time_loses_nothing(self, rates):
        """Both commit to one table at once. A delete that conflicts with a rewrite is repeated."""
        wanted, stop, failures = {f"C{number:02d}" for number in range(8)}, threading.Event(), []

        def write():
            number = 100
            while not stop.is_set() and number < 130:
                try:
                    rates.insert(RATES, [rate(number)])
                    wanted.add(f"C{number:02d}")
                    self.delete(rates, number - 1 if number % 3 == 0 else None, wanted)
                except Exception as error:  # noqa: BLE001 - the test tells what it was
                    failures.append(error)
                    return
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            outcomes = [rates.maintain(rates.work(RATES, Action.REWRITE), force=True)[RATES] for _ in range(4)]
        finally:
            stop.set()
            writer.join()

        assert failures == []
        assert {row[1] for row in rates.rows(RATES)} == wanted
        assert "failed" not in {one.outcome for one in outcomes}
        assert any(one.done for one in outcomes)

    def delete(self, lake, number, wanted):
        if number is None:
            return
        for attempt in range(10):
            try:
                lake.spark.sql(f"delete from glue_catalog.{RATES} where currency = 'C{number:02d}'")
            except Exception as error:
                if attempt == 9 or not iceberg.is_conflict(error):
                    raise
            else:
                wanted.discard(f"C{number:02d}")
                return

    def test_a_conflict_is_tried_again_and_in_the_end_left_for_the_next_time(self, rates, monkeypatch):
        tries = []

        def refuse(_self, _rewriting):
            tries.append(1)
            raise procedures.ConflictError("another commit came first")

        monkeypatch.setattr(procedures.Procedures, "rewrite_data_files", refuse)

        done = rates.maintain(rates.work(RATES))[RATES]

        assert (done.outcome, len(tries), done.after.data_files) == ("busy", 3, 8)

    def test_iceberg_s_own_words_of_a_conflict_are_understood(self, rates):
        error = RuntimeError(
            "Cannot commit rewrite because of a ValidationException or CommitFailedException. This usually means that "
            "this rewrite has conflicted with another concurrent Iceberg operation."
        )

        assert iceberg.is_conflict(error)
        assert not iceberg.is_conflict(RuntimeError("no such table"))

    def test_rows_of_a_repeated_run_are_replaced_even_if_their_files_were_just_rewritten(self, lake, monkeypatch):
        for number in range(6):
            lake.insert(QUALITY, [quality(number)])
        rows = lake.spark.createDataFrame(
            [tuple(quality(99).values())],
            "run_id string, dataset string, table_name string, rule string, severity string, value double, "
            "measured_at timestamp",
        )
        name, original, failed = f"glue_catalog.{QUALITY}", lake.spark.sql, []

        class Once:
            """The session, whose first delete conflicts with another commit."""

            catalog, table = lake.spark.catalog, staticmethod(lake.spark.table)

            def sql(self, statement):
                if statement.startswith("delete") and not failed:
                    from py4j.protocol import Py4JError

                    failed.append(True)
                    raise Py4JError(
                        "org.apache.iceberg.exceptions.ValidationException: Cannot commit, missing data files"
                    )
                return original(statement)

        iceberg.replace_rows(Once(), name, "run_id = 'fx_rates-1'", rows)

        assert failed
        assert [row[3] for row in lake.rows(QUALITY)] == ["r99"]


class TestRunsAtWork:
    def test_a_table_with_an_audit_branch_of_today_is_left_alone_and_can_be_published(self, rates):
        now = datetime.now(UTC)
        branch = audit_branch(f"fx_rates-{now:%Y%m%dT%H%M%S}-00000a")
        iceberg.fresh_branch(rates.spark, f"glue_catalog.{RATES}", branch)
        rates.spark.sql(f"insert into glue_catalog.{RATES}.branch_{branch} select * from glue_catalog.{RATES} limit 1")
        head = rates.facts(RATES).branches[branch]
        work = rates.work(RATES, Action.REWRITE, Action.EXPIRE, force=True)

        done = rates.maintain(work, force=True, keep_days=0.0)[RATES]

        assert done.outcome == "busy"
        assert branch in done.reason
        assert rates.facts(RATES).branches[branch] == head
        rates.spark.sql(f"call glue_catalog.system.fast_forward('{RATES}', 'main', '{branch}')")
        assert len(rates.rows(RATES)) == 9

    def test_an_old_branch_of_a_run_that_has_ended_is_dropped(self, rates):
        branch = audit_branch("fx_rates-20260101T000000-00000a")
        iceberg.fresh_branch(rates.spark, f"glue_catalog.{RATES}", branch)
        later = datetime.now(UTC) + timedelta(days=4)
        assert Action.DROP_BRANCHES in [need.action for need in rates.work(RATES, now=later).needs]

        TableMaintenance(
            procedures=procedures.Procedures(
                rates.spark,
                f"glue_catalog.{RATES}",
                described(RATES)[1].maintenance,
                force=False,
                step_limit=procedures.StepLimit(),
            ),
            table=described(RATES)[1],
            work=rates.work(RATES, Action.DROP_BRANCHES),
            run_id="maintenance-20260301T120000-0000ff",
            keep_days=5,
            now=later,
            budget=job.Budget(600),
        ).run(FakeCoordinator())

        assert set(rates.facts(RATES).branches) == {"main"}


class TestExpiry:
    def test_old_snapshots_go_and_the_last_ones_stay(self, rates):
        done = rates.maintain(rates.work(RATES, Action.EXPIRE), keep_days=0.0)[RATES]

        assert (done.before.snapshots, done.after.snapshots) == (8, 5)  # minSnapshots
        assert len(rates.rows(RATES)) == 8

    def test_what_is_younger_than_the_contract_keeps_stays(self, rates):
        done = rates.maintain(rates.work(RATES, Action.EXPIRE))[RATES]

        assert done.after.snapshots == 8

    def test_a_tag_keeps_its_snapshot_and_its_rows(self, rates):
        first = rates.facts(RATES).ancestors(rates.facts(RATES).head)[-1].snapshot_id
        rates.spark.sql(f"alter table glue_catalog.{RATES} create tag year_end as of version {first}")

        rates.maintain(rates.work(RATES), force=True)
        done = rates.maintain(rates.work(RATES, Action.EXPIRE), keep_days=0.0)[RATES]

        assert done.after.snapshots < done.before.snapshots
        assert rates.spark.sql(f"select currency from glue_catalog.{RATES} version as of 'year_end'").collect() == [
            ("C00",)
        ]

    def test_the_last_write_is_kept_so_that_freshness_is_not_that_of_the_maintenance(self, rates):
        written = rates.health(RATES).written_at
        for _ in range(7):
            rates.spark.sql(f"call {REWRITE}(table => '{RATES}', options => map('rewrite-all', 'true'))")
        assert rates.health(RATES).written_at == written

        done = rates.maintain(rates.work(RATES, Action.EXPIRE), keep_days=0.0)[RATES]

        assert done.after.written_at == written
        assert done.after.snapshots == 8  # seven rewritings, and the write before them

    def test_time_travel_to_what_has_expired_is_refused_and_gives_no_wrong_rows(self, rates):
        first = rates.facts(RATES).ancestors(rates.facts(RATES).head)[-1].snapshot_id
        travelling = rates.spark.sql(f"select * from glue_catalog.{RATES} version as of {first}")

        rates.maintain(rates.work(RATES), force=True)
        rates.maintain(rates.work(RATES, Action.EXPIRE), keep_days=0.0)

        with pytest.raises(Exception, match=r"FileNotFound|does not exist|NotFoundException|Failed to open"):
            travelling.collect()
        with pytest.raises(Exception, match="Cannot find"):
            rates.spark.sql(f"select * from glue_catalog.{RATES} version as of {first}").collect()


class TestOrphans:
    def test_old_files_that_belong_to_nothing_go_and_young_ones_and_other_tables_files_stay(self, rates, warehouse):
        import os

        folder = warehouse / "processed" / "fx_rates" / "data"
        beside = warehouse / "processed" / "fx_rates_eu" / "data"
        beside.mkdir(parents=True, exist_ok=True)
        old, young, neighbour = folder / "old.parquet", folder / "young.parquet", beside / "theirs.parquet"
        for file in (old, young, neighbour):
            file.write_bytes(b"x")
        long_ago = (datetime.now(UTC) - timedelta(days=4)).timestamp()
        for file in (old, neighbour):
            os.utime(file, (long_ago, long_ago))

        done = rates.maintain(rates.work(RATES, Action.ORPHANS))[RATES]

        assert done.done[0].counts == {"deleted_files_count": 1}
        assert (old.exists(), young.exists(), neighbour.exists()) == (False, True, True)
        assert len(rates.rows(RATES)) == 8


class TestFailures:
    def test_a_rewriting_that_loses_a_row_is_undone_and_nothing_goes_on(self, rates, lake, monkeypatch):
        before = rates.rows(RATES)

        original = procedures.Procedures.rows_at

        def one_less(self, snapshot_id):
            """A faulty rewrite: fewer rows in the snapshot it made."""
            [signed] = self.spark.sql(
                f"select operation = 'replace' from {self.name}.snapshots where snapshot_id = {snapshot_id}"
            ).collect()[0]
            return original(self, snapshot_id) - int(signed)

        monkeypatch.setattr(procedures.Procedures, "rows_at", one_less)
        other = rates.work(QUALITY, Action.EXPIRE)

        with pytest.raises(MaintenanceError, match="it had 8 rows, rewritten 7"):
            rates.maintain(rates.work(RATES), other)

        assert rates.rows(RATES) == before
        assert rates.health(RATES).data_files == 8
        assert list(rates.report()) == [RATES]
        assert "rolled back to snapshot" in rates.report()[RATES].reason

    def test_a_table_that_fails_holds_up_no_other(self, rates, lake):
        for number in range(6):
            lake.insert(QUALITY, [quality(number)])
        gone = rates.work(RATES).model_copy(update={"table": "processed.vanished"})

        with pytest.raises(MaintenanceError, match=r"1 tables failed.*processed.vanished"):
            rates.maintain(gone, rates.work(QUALITY))

        assert rates.report()[QUALITY].outcome == "maintained"
        assert rates.health(QUALITY).data_files == 1

    def test_a_job_that_is_killed_half_way_leaves_the_table_whole_and_the_next_finishes(self, rates, monkeypatch):
        for number in range(8):
            rates.insert(RATES, [rate(number, date(2025, 1, 1))])
        before, original, calls = rates.rows(RATES), procedures.Procedures._call, []

        def dies(self, procedure, arguments):
            calls.append(procedure)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return original(self, procedure, arguments)

        with monkeypatch.context() as patched:
            patched.setattr(procedures.Procedures, "_call", dies)
            with pytest.raises(KeyboardInterrupt):
                rates.maintain(rates.work(RATES), arguments="--step_files 8")
        assert rates.rows(RATES) == before
        assert rates.health(RATES).data_files == 9

        done = rates.maintain(rates.work(RATES))[RATES]

        assert (done.outcome, done.after.data_files) == ("maintained", 2)
        assert rates.rows(RATES) == before

    def test_a_coordinator_that_does_not_answer_fails_the_table_and_changes_nothing(self, rates):
        coordinator = FakeCoordinator(before=lambda: (_ for _ in ()).throw(TransientError("no answer")))

        with pytest.raises(MaintenanceError, match="no answer"):
            rates.maintain(rates.work(RATES), coordinator=coordinator)

        assert rates.health(RATES).data_files == 8


def test_keys_that_stand_twice_are_counted_and_said_with_their_days(rates):
    rates.insert(RATES, [rate(3, day=date(2026, 2, 25)), rate(3, day=date(2026, 2, 25))])
    rates.insert(RATES, [rate(4, day=date(2026, 2, 26)), rate(4, day=date(2026, 2, 26))])

    found = rates.maintain(rates.work(RATES, Action.KEYS))[RATES]

    assert (found.outcome, found.repeated_keys) == ("maintained", 2)
    assert "2 keys of processed.fx_rates stand more than once" in found.reason
    assert "of days from 2026-02-25 to 2026-02-26." in found.reason


def test_where_each_key_stands_once_nothing_is_said(rates):
    found = rates.maintain(rates.work(RATES, Action.KEYS))[RATES]

    assert (found.outcome, found.reason, found.repeated_keys) == ("maintained", "", 0)
