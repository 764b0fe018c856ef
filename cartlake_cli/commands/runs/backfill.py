"""`lake backfill`: read raw files again through today's contract, as if they were loaded today."""

import secrets
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from typing import Annotated, Any

import typer
from botocore.exceptions import ClientError

from cartlake.aws.clients import error_code
from cartlake.ledger import Backfill, FileRecord, FileState, RunRecord, RunState
from cartlake.runs.documents import SupersedeQuarantineReport, TransformReport
from cartlake.times import stamp, utc_now
from cartlake_cli.commands.runs.drop import check_dataset
from cartlake_cli.commands.runs.follow import PATIENCE_SECONDS, POLL_SECONDS, follow_refresh
from cartlake_cli.commands.runs.recompute import report_of, start_work
from cartlake_cli.commands.runs.runs import plainly
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError, NotFoundError
from cartlake_cli.operations.run_documents import run_document
from cartlake_cli.options import Dataset, Json

PARALLEL_LOOKS = 10
NAMED_FILES = 5
_MISSING = {"404", "NoSuchKey", "NoSuchVersion"}


def register(app: typer.Typer) -> None:
    app.command("backfill")(backfill)


def backfill(
    context: typer.Context,
    dataset: Dataset,
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DAY", help="First day the files were received.")
    ],
    last: Annotated[
        datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DAY", help="Last day, included; days are UTC.")
    ],
    wait: Annotated[bool, typer.Option(help="Wait for it, and for the tables built from it.")] = True,
    json: Json = False,
) -> None:
    """Read the files received on some days again, through today's contract, and publish the outcome at once."""
    lake = lake_of(context)
    check_dataset(dataset)
    if last < first:
        raise typer.BadParameter(f"--to {last:%Y-%m-%d} is before --from {first:%Y-%m-%d}.")
    files = files_between(lake, dataset, first.date(), last.date())
    check_kept(lake, files)
    request = ask(lake, dataset, first.date(), last.date())
    asked = {"dataset": dataset, "from": request.first, "to": request.last, "request_id": request.request_id}
    if not wait:
        lake.output.record(f"Asked for a backfill of {dataset}", {**asked, "files": len(files)})
        lake.output.say(f"It starts as soon as no other run works on {dataset}: `lake runs --dataset {dataset}`.")
        return
    run = follow(lake, request)
    outcome = {**asked, "files": run.files, **outcome_of(lake, run)}
    lake.output.record(f"Backfilled {dataset}, files received {request}", outcome)
    if outcome["withdrawn"]:
        lake.output.say(
            f"[yellow]{outcome['withdrawn']} rows left the table.[/yellow] They are in quarantine: "
            f"`lake quarantine show {run.run_id}`. If a file outside these days holds an older version of such a row, "
            "a backfill of those days as well brings it back."
        )


def files_between(lake: Lake, dataset: str, first: date, last: date) -> list[FileRecord]:
    """The loaded files of the window. Raises NotFoundError when there is none, saying on which days there are."""
    files = lake.ledger.backfills.loaded_between(dataset, first, last)
    if not files:
        known = [file.received_at[:10] for file in lake.ledger.files.list(dataset, FileState.LOADED)]
        there = f"Loaded files were received from {known[0]} to {known[-1]}." if known else "No file is loaded."
        raise NotFoundError(f"No loaded file of {dataset} was received from {first} to {last}. {there}")
    return files


def check_kept(lake: Lake, files: Sequence[FileRecord]) -> None:
    """Raises CommandError naming files whose very version exists no more."""
    s3 = lake.client("s3")

    def is_lost(file: FileRecord) -> bool:
        version = {"VersionId": file.version_id} if file.version_id else {}
        try:
            s3.head_object(Bucket=file.bucket, Key=file.key, **version)
        except ClientError as error:
            if error_code(error) in _MISSING:
                return True
            raise
        return False

    with ThreadPoolExecutor(PARALLEL_LOOKS) as pool:
        lost = [file for file, gone in zip(files, pool.map(is_lost, files), strict=True) if gone]
    if lost:
        names = ", ".join(f"{file.uri} (version {file.version_id})" for file in lost[:NAMED_FILES])
        raise CommandError(
            f"{len(lost)} of {len(files)} raw files exist no more, so nothing was started: {names}. "
            "Restore them, or choose days without them."
        )


def ask(lake: Lake, dataset: str, first: date, last: date) -> Backfill:
    """Put a backfill on the list of what waits, and have the router look at it."""
    request = Backfill(
        request_id=secrets.token_hex(8), dataset=dataset, first=first, last=last, requested_at=stamp(utc_now())
    )
    lake.ledger.backfills.request(request)
    start_runs(lake, dataset)
    return request


def backfill_of(lake: Lake, dataset: str, runs: Iterable[str]) -> str | None:
    """The command that reads the files of these runs again; None where they read none."""
    days = sorted(file.received_at[:10] for run in set(runs) for file in lake.ledger.runs.files(run))
    return f"lake backfill {dataset} --from {days[0]} --to {days[-1]}" if days else None


def start_runs(lake: Lake, dataset: str) -> None:
    """Start a run for what waits, unless one is at work. Raises CommandError when it cannot be started."""
    start_work(lake, dataset, "No run could be started")


def follow(lake: Lake, request: Backfill) -> RunRecord:
    """Wait until the backfill has its run and the run is over; returns the run.

    Raises CommandError when it failed, with its cause, and when nothing changed for a quarter of an hour.
    """
    seen: object = None
    last_change = time.monotonic()
    with lake.output.messages.status(f"Backfill of {request.dataset}") as status:
        while True:
            run, holder = run_of(lake, request), lake.ledger.locks.get(request.dataset)
            if run is not None and run.state is not RunState.RUNNING:
                return _succeeded(run)
            now = (run.run_id if run else None, holder.run_id if holder else None)
            if now != seen:
                seen, last_change = now, time.monotonic()
                status.update(_progress(request.dataset, *now))
            if time.monotonic() - last_change > PATIENCE_SECONDS:
                raise CommandError(f"{_progress(request.dataset, *now)} for 15 minutes. `lake logs` says why.")
            time.sleep(POLL_SECONDS)


def run_of(lake: Lake, request: Backfill) -> RunRecord | None:
    """The run that has taken the backfill, None while it waits."""
    runs = lake.ledger.runs.list(request.dataset, limit=50)
    return next((run for run in runs if run.backfill and run.backfill.request_id == request.request_id), None)


def _progress(dataset: str, run_id: str | None, holder: str | None) -> str:
    if run_id:
        return f"Run {run_id} reads the files of {dataset} again"
    return f"Waiting for run {holder} of {dataset} to end" if holder else f"Waiting for a run of {dataset} to begin"


def _succeeded(run: RunRecord) -> RunRecord:
    if run.state is not RunState.SUCCEEDED:
        raise CommandError(
            f"Backfill {run.run_id} failed, and readers see what they saw before: {run.error}: {plainly(run.cause)} "
            f"`lake run show {run.run_id}` says more."
        )
    return run


def outcome_of(lake: Lake, run: RunRecord) -> dict[str, Any]:
    """What the run did to the table, the quarantine and what is built from them; waits for the last of these."""
    load = TransformReport.model_validate_json(run_document(lake, run.run_id, "transform"))
    quarantine = SupersedeQuarantineReport.model_validate_json(run_document(lake, run.run_id, "supersede_quarantine"))
    refreshes = follow_refresh(lake) if load.touched_days else []
    took = [one for one in refreshes if any(mark.run_id == run.run_id for mark in lake.ledger.stale.of_run(one.run_id))]
    # A refresh that found nothing built from these rows has no report.
    tables = [table for one in took if one.report_uri for table in report_of(lake, one.run_id).tables]
    return {
        "run_id": run.run_id,
        **load.rows.model_dump(),
        "withdrawn": load.withdrawn,
        "verdicts_superseded": quarantine.superseded,
        "changed_days": load.touched_days,
        "rebuilt": [table.table for table in tables if table.outcome == "rebuilt"],
    }
