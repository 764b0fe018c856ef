"""A contract is corrected: its files are read again, rows replayed, versions compared, gone back to, and exported.

The tests depend on each other, in order, and use a dataset of their own.
"""

import csv
import io
import json
import threading
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest

from cartlake.ledger import FileState
from cartlake_cli.errors import Exit
from cartlake_cli.operations import replay as replaying
from cartlake_cli.operations.exports import files as export_files
from tests.e2e.conftest import PARCELS_HEADER, environment_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]  # the first test may wait for two deployments

BEFORE = [["PCL-1", "500"], ["PCL-3", "20"], ["PCL-4", "700"]]
AFTER = [["PCL-1", "500"], ["PCL-2", "1500"], ["PCL-4", "700"]]
TODAY = datetime.now(UTC).date()
ROWS = "select parcel_id, cast(grams as varchar) from processed.parcels order by parcel_id"
IN_FORCE = (
    "select json_extract_scalar(raw_record, '$.parcel_id'), array_join(reasons, ' '), replay_id is not null "
    "from ops.quarantine_rows where dataset = 'parcels' and superseded_by is null order by quarantined_at"
)


@pytest.fixture(scope="module")
def typed(run_lake):
    """Type a command, get its JSON."""
    return lambda *words: json.loads(run_lake(*words, "--json").stdout)


@pytest.fixture(scope="module")
def loaded(redeployed):
    """The run that loaded the parcels before their contract was corrected."""
    return redeployed.parcels_run


@pytest.fixture(scope="module")
def watched(loaded, typed, rows_of):
    """The backfill after the correction, and every state that a reader saw meanwhile."""
    assert rows_of(ROWS) == BEFORE
    seen, over = [], threading.Event()

    def read():
        while not over.wait(0.3):
            seen.append(rows_of(ROWS))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        outcome = typed("backfill", "parcels", "--from", TODAY, "--to", datetime.now(UTC).date())
    finally:
        over.set()
        reader.join()
    return outcome, seen


def test_after_a_backfill_the_table_is_as_if_the_files_had_come_today(watched, rows_of):
    outcome, _ = watched

    assert rows_of(ROWS) == AFTER
    counts = [outcome[name] for name in ("read", "published", "quarantined", "duplicate", "withdrawn")]
    assert counts == [4, 1, 1, 2, 1]
    assert outcome["changed_days"] == ["2026-11-02", "2026-11-03"]
    assert rows_of(IN_FORCE) == [["PCL-3", "grams_in_range", "false"]]


def test_a_reader_never_saw_a_half_state(watched):
    _, seen = watched

    assert len(seen) > 3
    assert [rows for rows in seen if rows not in (BEFORE, AFTER)] == []


def test_the_ledger_says_who_read_the_file_last_and_that_it_adds_up(lake, watched):
    outcome, _ = watched
    [file] = lake.ledger.runs.files(outcome["runs"][0])
    run = lake.ledger.runs.get(outcome["runs"][0])

    assert (file.state, file.run_id, len(file.loads)) == (FileState.LOADED, outcome["runs"][0], 2)
    assert run.counts.read == run.counts.accounted_for == 4
    assert lake.ledger.locks.get("parcels") is None


def test_the_same_backfill_again_changes_nothing(watched, typed, rows_of):
    before = typed("history", "parcels")

    again = typed("backfill", "parcels", "--from", TODAY, "--to", datetime.now(UTC).date())

    assert (again["published"], again["withdrawn"], again["changed_days"]) == (0, 0, [])
    assert typed("history", "parcels") == before
    assert rows_of(IN_FORCE) == [["PCL-3", "grams_in_range", "false"]]


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [("2020-01-01", "2020-01-31", Exit.NOT_FOUND), ("2020-02-01", "2020-01-01", Exit.USAGE)],
)
def test_a_window_without_files_starts_nothing(lake, watched, run_lake, first, last, code):
    runs = len(lake.ledger.runs.list("parcels"))

    refused = run_lake("backfill", "parcels", "--from", first, "--to", last, exit_code=None)

    assert refused.exception.code == code
    assert len(lake.ledger.runs.list("parcels")) == runs


def test_a_replay_that_ends_between_claiming_and_sending_is_finished_by_the_next(watched, typed, run_lake, rows_of):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replaying, "_send", lambda *_: (_ for _ in ()).throw(TimeoutError))
        run_lake("quarantine", "replay", "parcels", "--json", exit_code=1)
    assert rows_of(IN_FORCE) == [["PCL-3", "grams_in_range", "true"]]

    finished = typed("quarantine", "replay", "parcels")

    assert finished["rows"] == 1
    [file] = finished["processed"]
    assert file["state"] == "LOADED"
    # Still refused, so it waits again: for the next correction, under the file that brought it.
    assert rows_of(IN_FORCE) == [["PCL-3", "grams_in_range", "true"], ["PCL-3", "grams_in_range", "false"]]
    assert rows_of(ROWS) == AFTER


def test_versions_are_listed_with_their_runs_and_compared_row_by_row(watched, loaded, typed):
    outcome, _ = watched
    newest, oldest = typed("history", "parcels")

    found = typed("diff", "parcels", f"{loaded}..{outcome['runs'][0]}")

    assert (newest["run_id"], oldest["run_id"]) == (outcome["runs"][0], loaded)
    assert found["rows"] == {"added": 1, "changed": 0, "removed": 1}
    assert {(row["change"], row["parcel_id"]) for row in found["examples"]} == {
        ("added", "PCL-2"),
        ("removed", "PCL-3"),
    }


def test_a_rollback_is_refused_while_a_run_writes(lake, watched, loaded, run_lake, rows_of):
    other = "parcels-20261121T000000-aaaaaa"
    assert lake.ledger.locks.acquire("parcels", other)
    try:
        refused = run_lake("rollback", "parcels", "--to", loaded, exit_code=1)
    finally:
        lake.ledger.locks.release("parcels", other)

    assert other in str(refused.exception)
    assert rows_of(ROWS) == AFTER


def test_going_back_changes_what_readers_see_and_loads_and_backfills_work_on(
    lake, watched, loaded, typed, rows_of, tmp_path
):
    outcome, _ = watched
    back = typed("rollback", "parcels", "--to", loaded)
    assert rows_of(ROWS) == BEFORE
    assert back["runs_undone"] == [outcome["runs"][0]]

    path = tmp_path / "more.csv"
    path.write_text(PARCELS_HEADER + "PCL-5,60,Eve,2026-11-02,2026-11-04T10:00:00Z\n")
    [file] = typed("drop", "parcels", path, "--wait")
    assert file["state"] == "LOADED"
    assert rows_of(ROWS) == [*BEFORE, ["PCL-5", "60"]]

    with environment_of(lake, "batch_claimer", LIGHT_MAX_ROWS="4"):  # no room for both files in one slice
        again = typed(*back["backfill"].split()[1:])
    assert rows_of(ROWS) == [*AFTER, ["PCL-5", "60"]]
    assert (again["slices"], again["read"]) == (2, 6)  # 4 rows, the one that was replayed, and the new one
    slices = typed("backfill", "parcels", "--status")["slices"]
    assert [(one["state"], one["read"], one["engine"]) for one in slices] == [
        ("SUCCEEDED", 2, "light"), ("SUCCEEDED", 4, "light")
    ]  # fmt: skip


@pytest.fixture
def objects(lake):
    def keys(prefix):
        found = lake.client("s3").list_objects_v2(Bucket=lake.outputs.buckets["exports"], Prefix=prefix)
        return [entry["Key"] for entry in found.get("Contents", [])]

    return keys


@pytest.fixture
def body(lake):
    return lambda key: lake.client("s3").get_object(Bucket=lake.outputs.buckets["exports"], Key=key)["Body"].read()


def test_personal_data_is_not_exported_by_accident(watched, run_lake, objects):
    refused = run_lake("export", "parcels", exit_code=1)

    assert "recipient" in str(refused.exception)
    assert objects("processed.parcels/") == []


def test_an_export_is_the_table_and_its_manifest_says_so(watched, typed, objects, body):
    printed = typed("export", "parcels", "--columns", "parcel_id,grams,updated_at")

    manifest = json.loads(body("processed.parcels/manifest.json"))
    assert manifest == printed
    [file] = manifest["files"]
    table = pq.read_table(io.BytesIO(body(file["key"])))
    assert sorted(zip(table["parcel_id"].to_pylist(), table["grams"].to_pylist(), strict=True)) == [
        ("PCL-1", 500), ("PCL-2", 1500), ("PCL-4", 700), ("PCL-5", 60)
    ]  # fmt: skip
    assert (file["rows"], manifest["rows"], file["bytes"]) == (4, 4, len(body(file["key"])))
    assert [column["name"] for column in manifest["columns"]] == ["parcel_id", "grams", "updated_at"]
    assert sorted(objects("processed.parcels/")) == sorted([file["key"], "processed.parcels/manifest.json"])


def test_an_export_that_fails_writes_no_manifest_and_the_old_one_stays(watched, run_lake, objects, body, monkeypatch):
    before, files = body("processed.parcels/manifest.json"), objects("processed.parcels/")
    run_lake("export", "parcels", "--with-pii", exit_code=1)  # what is there is not replaced unasked
    monkeypatch.setattr(export_files, "_examined", lambda *_: (_ for _ in ()).throw(TimeoutError))

    run_lake("export", "parcels", "--with-pii", "--overwrite", exit_code=1)

    assert body("processed.parcels/manifest.json") == before
    assert objects("processed.parcels/") == files


def test_csv_has_a_header_quotes_and_only_the_rows_asked_for(watched, loaded, typed, objects, body):
    manifest = typed(
        "export", "parcels", "--format", "csv", "--with-pii", "--overwrite", "--snapshot", loaded,
        "--columns", "parcel_id,recipient,updated_at", "--where", "grams > 100",
    )  # fmt: skip

    [file] = manifest["files"]
    rows = sorted(csv.reader(io.StringIO(body(file["key"]).decode())))
    assert rows == [
        ["PCL-1", "Ada, Countess", "2026-11-02T10:00:00.000Z"],
        ["PCL-4", "", "2026-10-03T10:00:00.000Z"],
        ["parcel_id", "recipient", "updated_at"],
    ]
    assert (file["rows"], manifest["rows"], manifest["where"]) == (2, 2, "grams > 100")
    assert sorted(objects("processed.parcels/")) == sorted([file["key"], "processed.parcels/manifest.json"])


def test_other_platforms_get_the_location_of_the_current_metadata(lake, watched, typed):
    found = typed("register", "parcels", "--for", "snowflake")

    table = lake.client("glue").get_table(DatabaseName=lake.outputs.databases["processed"], Name="parcels")["Table"]
    assert found["metadata_location"] == table["Parameters"]["metadata_location"]
    path = found["metadata_location"].removeprefix(f"s3://{lake.outputs.buckets['processed']}/")
    assert f"METADATA_FILE_PATH = '{path}'" in found["sql"]["snowflake"]
