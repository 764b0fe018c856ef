"""How long from dropping a 1 MB file on a warm lake until Athena returns its rows, in total and by step."""

import json
import time
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from cartlake.ledger import FileRecord
from cartlake_cli.athena.client import athena_of
from cartlake_cli.commands.local.up import bring_up
from cartlake_cli.commands.runs.follow import follow_files
from cartlake_cli.context import Lake
from cartlake_cli.environments import LOCAL
from cartlake_cli.operations.run_documents import run_document
from cartlake_cli.operations.upload import upload
from cartlake_cli.output import Output
from generators.transactions import generate_transactions

RUNS = 10
WARM_UP = 2
ROWS_OF_1_MB = 5_200
AIM_SECONDS = 2.2
GIVE_UP_SECONDS = 120


def measure() -> list[dict[str, Any]]:
    """Drop one new file at a time; each must be visible before the next. Needs nothing: it starts the lake itself."""
    lake = Lake(LOCAL, Output(as_json=True))
    bring_up(lake)
    with TemporaryDirectory() as folder:
        timings = [_one(lake, Path(folder) / str(number), number) for number in range(WARM_UP + RUNS)][WARM_UP:]
    total = [timing["total"] for timing in timings]
    steps = {name: [timing[name] for timing in timings] for name in timings[0] if name != "total"}
    return [
        _measure("freshness_seconds_p50", total, AIM_SECONDS),
        *(_measure(f"freshness_{name}_seconds_p50", values, None) for name, values in steps.items()),
    ]


def _one(lake: Lake, folder: Path, number: int) -> dict[str, float]:
    """Seconds from the upload's start to the first query that sees the rows, and of each step on the way."""
    generate_transactions(folder, rows=ROWS_OF_1_MB, days=1, seed=time.time_ns() % 2**31 + number, dirty=0.0)
    [path] = folder.glob("*.csv")
    path = path.rename(path.with_name(f"bench-{time.time_ns()}.csv"))
    started = time.time()
    [dropped] = upload(lake, "transactions", [path])
    file = _visible(lake, dropped["file_id"])
    visible = time.time()
    [file] = follow_files(lake, "transactions", [file.file_id])
    return {"total": visible - started, **_steps(lake, file, started, visible)}


def _visible(lake: Lake, file_id: str) -> FileRecord:
    """Ask Athena for the rows, as soon as the ledger knows the run they belong to, until they are there."""
    athena, deadline = athena_of(lake), time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < deadline:
        found = [file for file in lake.ledger.files.list("transactions") if file.file_id == file_id and file.run_id]
        if found:
            sql = f"select count(*) from processed.transactions where _run_id = '{found[0].run_id}'"
            if athena.run(sql).scalar() == str(ROWS_OF_1_MB):
                return found[0]
        time.sleep(0.05)
    raise TimeoutError(f"File {file_id} was not visible within {GIVE_UP_SECONDS} s; `lake status` says where it is.")


def _steps(lake: Lake, file: FileRecord, started: float, visible: float) -> dict[str, float]:
    """Return the seconds of each step, by the times in the ledger and in the job's report."""
    report = json.loads(run_document(lake, str(file.run_id), "transform"))
    run = lake.ledger.runs.get(str(file.run_id))
    received, run_started = _epoch(file.received_at), _epoch(run.started_at if run else file.received_at)
    etl_started, etl_ended = _epoch(report["started_at"]), _epoch(report["ended_at"])
    return {
        "upload_and_event": received - started,
        "validate_and_route": run_started - received,
        "claim_and_start_job": etl_started - run_started,
        "transform": etl_ended - etl_started,
        "audit_publish_and_query": visible - etl_ended,
    }


def _epoch(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def _measure(name: str, values: list[float], aim: float | None) -> dict[str, Any]:
    rounded = [round(value, 2) for value in values]
    return {"name": name, "value": round(median(values), 2), "unit": "s", "aim": aim, "runs": rounded}
