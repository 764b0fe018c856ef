"""The embedded AWS is killed at random points of a load; after a sweep every row is accounted for, once."""

import csv
import json
import os
import random
import time

import pytest

from cartlake.ledger import FileState, RunState
from cartlake.tables.catalog import load_catalog
from cartlake_cli.operations.follow import wait_for_refresh
from cartlake_cli.operations.upload import upload
from tests.e2e.conftest import eventually

pytestmark = pytest.mark.e2e

KILLS = int(os.environ.get("KILLS", "2"))
"""`make prove` kills it 50 times."""

LONGEST_SECONDS = 8.0
"""A load takes about as long: a kill comes before, during or just after it."""

ROWS = 40
FILES = 2


def has_ended(lake, file):
    """Whether the run of a file has ended: a file is recorded before its run, which has no counts until then."""
    return lake.ledger.runs.get(file.run_id).state is not RunState.RUNNING


def loaded(lake, run_lake, ids):
    """Whether all files are loaded, and the runs that did it have ended; sweeps if not."""
    files = lake.ledger.files.get_many(ids)
    if len(files) == len(ids) and all(file.state is FileState.LOADED and has_ended(lake, file) for file in files):
        return files
    assert not [file for file in files if file.state in {FileState.FAILED, FileState.REJECTED}]
    run_lake("sweep", "--grace", 0, "--json")
    time.sleep(3)
    return None


@pytest.mark.timeout(300 + 180 * KILLS)
@pytest.mark.parametrize("number", range(KILLS))
def test_every_row_is_accounted_for_whenever_the_server_was_killed(
    lake, run_lake, orders, rows_of, kill_server, number
):
    paths = [orders(ROWS, dirty=0.1)[0] for _ in range(FILES)]
    seconds = random.Random(number).uniform(0, LONGEST_SECONDS)
    ids = [file["file_id"] for file in upload(lake, "transactions", paths)]
    time.sleep(seconds)
    kill_server()

    files = eventually(lambda: loaded(lake, run_lake, ids), 180)
    runs = [lake.ledger.runs.get(run_id) for run_id in {file.run_id for file in files}]
    assert {run.state for run in runs} == {RunState.SUCCEEDED}
    for run in runs:
        counts = run.counts
        assert counts.read == counts.published + counts.quarantined + counts.duplicate
    assert sum(run.counts.read for run in runs) == sum(len(path.read_text().splitlines()) - 1 for path in paths)
    names = " or ".join(f"_source_file like '%{path.name}'" for path in paths)
    [[rows, keys]] = rows_of(
        "select count(*), count(distinct order_id || '-' || cast(line_number as varchar)) "
        f"from processed.transactions where {names}"
    )
    assert int(rows) == int(keys) == sum(run.counts.published for run in runs)
    eventually(lambda: not json.loads(run_lake("sweep", "--grace", 0, "--json").stdout)["found"], 120)


def test_rows_that_were_published_when_the_server_was_killed_are_on_record_and_in_the_tables_built_from_them(
    lake, run_lake, orders, rows_of, kill_server
):
    path, _ = orders(ROWS)
    table = load_catalog().load_table("processed.transactions")
    before = table.current_snapshot().snapshot_id
    [file] = upload(lake, "transactions", [path])
    eventually(lambda: table.refresh().current_snapshot().snapshot_id != before)
    kill_server()

    [loaded_file] = eventually(lambda: loaded(lake, run_lake, [file["file_id"]]), 120)
    run = lake.ledger.runs.get(loaded_file.run_id)
    assert (run.state, run.counts.published) == (RunState.SUCCEEDED, ROWS)
    assert len(loaded_file.loads) == 1
    eventually(lambda: not json.loads(run_lake("sweep", "--grace", 0, "--json").stdout)["found"], 120)
    wait_for_refresh(lake)
    ids = {line["order_id"] for line in csv.DictReader(path.read_text().splitlines())}
    named = ", ".join(f"'{one}'" for one in sorted(ids))
    assert rows_of(f"select count(*) from processed.order_lines where order_id in ({named})") == [[str(ROWS)]]
