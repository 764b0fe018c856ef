"""`lake runs` and `lake run show`: what runs read, published and quarantined."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer

from cartlake import contracts
from cartlake.ledger import FileRecord, RunRecord, RunState
from cartlake.runs.ids import ALL_DATASETS, Workflow
from cartlake_cli.commands.maintenance.records import MAINTAINED, maintenance_rows
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import Exit, NotFoundError
from cartlake_cli.operations.run_documents import error_message, run_document_if_any
from cartlake_cli.operations.status import waits_until
from cartlake_cli.options import Json, Limit, OptionalDataset
from cartlake_cli.output import records_of

REPORTS = ("transform", "quality", "supersede_quarantine", "refresh", "maintenance", "forecast")

SOMETIMES = ("spared", "withdrawn", "returned", "lowered", "outranked")
"""Counts of a report that only full copies and backfills have."""

run_app = typer.Typer(help="Show one run.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command("runs")(runs)
    run_app.command("show")(show)
    app.add_typer(run_app, name="run")


def runs(
    context: typer.Context,
    dataset: OptionalDataset = None,
    state: Annotated[RunState | None, typer.Option(help="Only runs in this state.")] = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """List runs, newest first."""
    lake = lake_of(context)
    subjects = [dataset] if dataset else [*contracts.names(), *ALL_DATASETS]
    # The index has the runs of each subject apart, so they are merged and sorted here.
    found = [run for subject in subjects for run in lake.ledger.runs.list(subject) if state in (None, run.state)]
    found.sort(key=lambda run: run.started_at, reverse=True)
    columns = [
        "run_id",
        "state",
        "files",
        "read",
        "published",
        "quarantined",
        "duplicate",
        "deleted",
        "backfill",
        "engine",
        "seconds",
        "cost_usd",
        "error",
    ]
    lake.output.records("Runs", columns, [_flat(run) for run in found[:limit]])
    if not lake.output.as_json:
        _say_what_waits(lake, [dataset] if dataset else [*contracts.names(), Workflow.REFRESH])


def _say_what_waits(lake: Lake, subjects: Sequence[str]) -> None:
    """Say which datasets gather files for their next run, which has no record yet, and until when the refresh waits."""
    for subject, until in waits_until(lake, subjects).items():
        moment = f"{until[:19].replace('T', ' ')} UTC"
        if subject == Workflow.REFRESH:
            tables = len({mark.table for mark in lake.ledger.stale.pending()})
            lake.output.say(
                f"refresh: changes of {tables} tables wait until {moment} and are taken by one run"
                " (refresh.window_seconds in Terraform)."
            )
            continue
        files = len(lake.ledger.files.pending(subject))
        lake.output.say(
            f"{subject}: {files} files wait until {moment} and are loaded by one run"
            f" (cartlake.gatherSeconds: {contracts.load(subject).gather_seconds})."
        )


def show(
    context: typer.Context,
    run_id: Annotated[str, typer.Argument(help="As `lake runs` prints it.")],
    json: Json = False,
) -> None:
    """Show all of one run: counts, files, broken rules, table rules, and the time of each phase."""
    lake = lake_of(context)
    run = lake.ledger.runs.get(run_id)
    if run is None:
        msg = f"There is no run {run_id!r} in {lake.environment}. `lake runs` lists them."
        raise NotFoundError(msg)
    reports = {name: run_document_if_any(lake, run_id, name) for name in REPORTS}
    files = lake.ledger.runs.files(run_id)
    if lake.output.as_json:
        lake.output.json({**_flat(run), "files": records_of(files), "reports": reports})
        return
    _print(lake, run, files, reports)
    if run.state is RunState.FAILED:
        raise typer.Exit(Exit.FAILED)


def _flat(run: RunRecord) -> dict[str, Any]:
    """The run with its counts beside its other attributes, and how long it took."""
    counts = run.counts.model_dump() if run.counts else {}
    ended = datetime.fromisoformat(run.ended_at) if run.ended_at else None
    seconds = (ended - datetime.fromisoformat(run.started_at)).total_seconds() if ended else None
    about = run.model_dump(mode="json", exclude={"counts", "backfill", "slice", "cost_usd", "engine", "subject"})
    return {
        "workflow": str(run.workflow),
        "dataset": run.dataset,
        **about,
        **counts,
        "deletes": run.deletes or None,
        "deleted": run.deleted or None,
        "backfill": _backfill(run),
        "repeats": run.repeats or None,
        "engine": _engine(run),
        "engine_reason": run.engine.reason if run.engine else None,
        "cost_usd": None if run.cost_usd is None else Decimal(f"{run.cost_usd:.6f}"),
        "seconds": seconds,
    }


def _backfill(run: RunRecord) -> str | None:
    """The days of files that a run reads again, and which slice of its backfill that is."""
    if run.backfill is None or run.slice is None:
        return str(run.backfill) if run.backfill else None
    return f"{run.slice}, slice {run.slice.number} of {run.backfill.slices}"


def _engine(run: RunRecord) -> str | None:
    """The engine of a run, and whether it is not the one it was to have."""
    if run.engine is None:
        return None
    return f"{run.engine.engine} (fell back)" if run.fallback and run.engine.engine == "spark" else run.engine.engine


def _print(lake: Lake, run: RunRecord, files: Sequence[FileRecord], reports: dict[str, Any]) -> None:
    output, load = lake.output, reports["transform"]
    about = {**_flat(run), **{name: load.get(name) or None for name in SOMETIMES}, "cause": error_message(run.cause)}
    output.record(f"Run {run.run_id}", {name: value for name, value in about.items() if value is not None})
    output.records("Files", ["key", "state", "reason"], records_of(files))
    broken = [rule for rule in load.get("row_rules", []) if rule["broken"]]
    if broken:
        output.records("Row rules that rows broke", ["rule", "severity", "broken"], broken)
    if load.get("measurements"):
        # The job measured, the audit judged: the verdict is in the other report.
        failures = {failure["rule"]: failure["expected"] for failure in reports["quality"].get("failures", [])}
        measured = [{**m, "verdict": failures.get(m["rule"], "ok")} for m in load["measurements"]]
        output.records("Table rules, on the audit branch", ["rule", "value", "verdict"], measured)
    if tables := reports["refresh"].get("tables"):
        output.records("Tables", ["table", "outcome", "scope", "rows", "seconds", "error"], tables)
    if maintained := reports["maintenance"].get("tables"):
        output.records("Tables", MAINTAINED, maintenance_rows(maintained))
    phases = [
        {"step": step, "phase": phase, "seconds": round(seconds, 2)}
        for step in ("transform",)
        for phase, seconds in reports[step].get("phases", {}).items()
    ]
    if phases:
        output.records("Time of each phase", ["step", "phase", "seconds"], phases)
