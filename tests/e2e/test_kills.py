"""The embedded AWS is killed at random points of a load; after a sweep every row is accounted for, once."""

import json
import os
import random
import signal
import time

import pytest

from cartlake.ledger import FileState, RunState
from cartlake_cli.commands.local import emulator
from cartlake_cli.operations.upload import upload
from tests.e2e.conftest import eventually

pytestmark = pytest.mark.e2e

KILLS = int(os.environ.get("KILLS", "3"))
"""`make prove` kills it 50 times."""

LONGEST_SECONDS = 8.0
"""A load takes about as long: a kill comes before, during or just after it."""

ROWS = 40
FILES = 2


@pytest.fixture
def kill(lake, checkout, monkeypatch):
    """Kill the server and start it again."""

    def kill():
        os.kill(emulator.status(checkout).pid, signal.SIGKILL)
        eventually(lambda: emulator.status(checkout) is None)
        with monkeypatch.context() as patch:
            patch.delenv("CARTLAKE_CONTRACTS_DIR")  # the new server's Lambdas read the contracts deployed with them
            emulator.start(checkout)

    return kill


def loaded(lake, run_lake, ids):
    """Whether all files are loaded; sweeps if not."""
    files = lake.ledger.files.get_many(ids)
    if len(files) == len(ids) and all(file.state is FileState.LOADED for file in files):
        return files
    assert not [file for file in files if file.state in {FileState.FAILED, FileState.REJECTED}]
    run_lake("sweep", "--grace", 0, "--json")
    time.sleep(3)
    return None


@pytest.mark.timeout(300 + 180 * KILLS)
@pytest.mark.parametrize("number", range(KILLS))
def test_every_row_is_accounted_for_whenever_the_server_was_killed(lake, run_lake, orders, rows_of, kill, number):
    paths = [orders(ROWS, dirty=0.1)[0] for _ in range(FILES)]
    seconds = random.Random(number).uniform(0, LONGEST_SECONDS)
    ids = [file["file_id"] for file in upload(lake, "transactions", paths)]
    time.sleep(seconds)
    kill()

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
    # Not `published`: rows of a run that was killed after it published are duplicates to the next run.
    assert int(rows) == int(keys) == sum(run.counts.read - run.counts.quarantined for run in runs)
    eventually(lambda: not json.loads(run_lake("sweep", "--grace", 0, "--json").stdout)["found"], 120)
