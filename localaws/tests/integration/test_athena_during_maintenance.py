"""Athena during maintenance: queries read their snapshot, expired snapshots are refused, no write is lost."""

import threading
import time

import pytest

pytestmark = pytest.mark.integration

ROWS = 40


@pytest.fixture
def events(lake):
    """A table of forty files of one row each."""
    lake.create("events", "id bigint, kind varchar")
    for number in range(ROWS):
        lake.run(f"INSERT INTO events VALUES ({number}, 'a')")
    return lake


def snapshots(lake):
    table = lake.iceberg().load_table((lake.database, "events"))
    return [snapshot.snapshot_id for snapshot in sorted(table.snapshots(), key=lambda one: one.timestamp_ms)]


def expire_all_but_the_newest(lake):
    table = lake.iceberg().load_table((lake.database, "events"))
    old = snapshots(lake)[:-1]
    table.maintenance.expire_snapshots().by_ids(old).commit()
    lake.run("VACUUM events")


def optimize(lake):
    lake.run("ALTER TABLE events SET TBLPROPERTIES ('vacuum_max_snapshot_age_seconds' = '1')")
    lake.run("OPTIMIZE events REWRITE DATA USING BIN_PACK")


def test_every_query_during_a_rewrite_returns_every_row(events):
    stop, seen, faults = threading.Event(), [], []

    def read():
        while not stop.is_set():
            try:
                seen.append(events.rows("SELECT count(*), sum(id), count(DISTINCT id) FROM events"))
            except AssertionError as error:
                faults.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    try:
        optimize(events)
    finally:
        stop.set()
        reader.join()

    assert faults == []
    assert seen
    assert {tuple(rows) for rows in seen} == {(("40", "780", "40"),)}
    assert events.rows('SELECT count(*) FROM "events$files"') == [("1",)]


def test_statements_during_a_rewrite_lose_no_rows(events):
    """Deletes and inserts, retried after a commit conflict, as Athena's error message says."""
    done, conflicts = [], []

    def write():
        for number in range(0, ROWS, 8):
            retried(events, f"DELETE FROM events WHERE id = {number}", conflicts)
            retried(events, f"INSERT INTO events VALUES ({number + 1000}, 'b')", conflicts)
            done.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        retried(events, "OPTIMIZE events REWRITE DATA USING BIN_PACK", conflicts)
    writer.join()

    assert len(done) == 5
    kept = {str(number) for number in range(ROWS) if number % 8} | {str(number + 1000) for number in done}
    assert {row[0] for row in events.rows("SELECT id FROM events")} == kept
    assert all("ICEBERG_COMMIT_ERROR" in reason for reason in conflicts)


def retried(lake, sql, conflicts):
    for _ in range(30):
        ended = lake.ended(lake.start(sql))
        if ended["Status"]["State"] == "SUCCEEDED":
            return
        reason = ended["Status"]["StateChangeReason"]
        assert "ICEBERG_COMMIT_ERROR" in reason, reason
        conflicts.append(reason)
        time.sleep(0.02)
    raise AssertionError(f"{sql} never got through")


def test_time_travel_during_expiry_returns_the_rows_of_the_snapshot_or_an_error(events):
    then = snapshots(events)[9]
    sql = f"SELECT count(*), sum(id) FROM events FOR VERSION AS OF {then}"
    assert events.rows(sql) == [("10", "45")]
    optimize(events)
    answers, stop = [], threading.Event()

    def travel():
        while not stop.is_set():
            ended = events.ended(events.start(sql))
            if ended["Status"]["State"] == "SUCCEEDED":
                result = events.athena.get_query_results(QueryExecutionId=ended["QueryExecutionId"])
                answers.append(tuple(c["VarCharValue"] for c in result["ResultSet"]["Rows"][1]["Data"]))
            else:
                answers.append(ended["Status"]["StateChangeReason"])

    traveller = threading.Thread(target=travel)
    traveller.start()
    time.sleep(1.1)
    try:
        expire_all_but_the_newest(events)
        time.sleep(0.5)
    finally:
        stop.set()
        traveller.join()

    assert ("10", "45") in answers
    refused = [answer for answer in answers if isinstance(answer, str)]
    assert refused
    assert {answer for answer in answers if not isinstance(answer, str)} == {("10", "45")}
    assert str(then) in events.failure(sql)
    assert events.rows("SELECT count(*), sum(id) FROM events") == [("40", "780")]
