"""`lake quarantine`: show quarantined rows and files that were not loaded, and replay them."""

from typing import Annotated

import typer

from cartlake_cli.commands.runs.follow import follow_files
from cartlake_cli.context import lake_of
from cartlake_cli.operations.quarantine import find_file, quarantined_rows, rows_by_reason, unloaded_files
from cartlake_cli.operations.raw_files.unloaded import NOT_LOADED, explained
from cartlake_cli.operations.replay import Replayed, replay_chosen, replay_files, replay_rows
from cartlake_cli.operations.upload import check_dataset
from cartlake_cli.options import Dataset, Json, Limit, OptionalDataset
from cartlake_cli.output import records_of

FOR_PROGRAMS = frozenset({"detail", "format", "loads", "loads_again", "accepts_deletes"})
"""Attributes of a file that are printed as JSON only."""

quarantine_app = typer.Typer(
    help="Show and replay quarantined rows, rejected files and failed files.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    quarantine_app.command("list")(list_quarantined)
    quarantine_app.command("show")(show)
    quarantine_app.command("replay")(replay)
    app.add_typer(quarantine_app, name="quarantine")


def list_quarantined(
    context: typer.Context,
    dataset: OptionalDataset = None,
    json: Json = False,
) -> None:
    """Count quarantined rows by reason, and list the files that were rejected or failed."""
    lake = lake_of(context)
    rows = rows_by_reason(lake, dataset)
    files = records_of(unloaded_files(lake, dataset))
    if lake.output.as_json:
        lake.output.json({"rows": rows, "files": files})
        return
    lake.output.records("Quarantined rows", ["dataset", "reason", "quarantined_rows", "replayed"], rows)
    lake.output.records("Rejected and failed files", ["key", "state", "reason", "detail", "file_id"], files)


def show(
    context: typer.Context,
    run_or_file: Annotated[str, typer.Argument(metavar="RUN|FILE", help="A run id or a file id.")],
    reason: Annotated[str | None, typer.Option(help="Only rows that broke this rule.")] = None,
    superseded: Annotated[
        bool, typer.Option(help="Also rows of files that a backfill read again, and of unpublished backfills.")
    ] = False,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Show why a file was rejected or failed, or the quarantined rows of a run or file with reasons and raw record."""
    lake = lake_of(context)
    file = find_file(lake, run_or_file)
    if file is not None and file.state in NOT_LOADED:
        run = lake.ledger.runs.get(file.run_id) if file.run_id else None
        about = explained(file, run)
        # The rest is for programs: people read `why`, and what is not known says nothing.
        shown = {name: value for name, value in about.items() if value is not None and name not in FOR_PROGRAMS}
        lake.output.record(f"File {run_or_file}", about if lake.output.as_json else shown)
        return
    rows = quarantined_rows(lake, run_or_file, reason, superseded=superseded, limit=limit)
    lake.output.records(
        f"Quarantined rows of {run_or_file}", ["reasons", "raw_record", "replay_id", "superseded_by"], rows
    )


def replay(
    context: typer.Context,
    dataset: Dataset,
    reason: Annotated[str | None, typer.Option(help="Only rows that broke this rule.")] = None,
    run_id: Annotated[str | None, typer.Option("--run", help="Only rows and files of this run.")] = None,
    rows: Annotated[bool, typer.Option(help="Replay quarantined rows.")] = True,
    files: Annotated[bool, typer.Option(help="Replay rejected and failed files.")] = True,
    chosen: Annotated[
        list[str] | None,
        typer.Option("--file", metavar="FILE_ID", help="Only this rejected or failed file; may be repeated. No rows."),
    ] = None,
    accept_deletes: Annotated[
        bool, typer.Option(help="With --file: let a full copy delete more keys than its contract allows.")
    ] = False,
    wait: Annotated[bool, typer.Option(help="Wait until every file is processed.")] = True,
    json: Json = False,
) -> None:
    """Load quarantined rows and files again, each exactly once. Correct the contract or the cause first."""
    lake = lake_of(context)
    check_dataset(dataset)
    if chosen and (reason or run_id or not files):
        raise typer.BadParameter("--file names all there is to replay; leave out --reason, --run and --no-files.")
    if accept_deletes and not chosen:
        raise typer.BadParameter("--accept-deletes is about single files; name them with --file.")
    replayed = replay_rows(lake, dataset, reason, run_id) if rows and not chosen else Replayed(0, 0, [])
    if chosen:
        sent = replay_chosen(lake, dataset, chosen, accept_deletes=accept_deletes)
    else:
        # A reason is that of a row, so with one no file is replayed.
        sent = replay_files(lake, dataset, run_id) if files and reason is None else []
    following = [*replayed.file_ids, *sent]
    processed = records_of(follow_files(lake, dataset, following)) if wait and following else []
    if lake.output.as_json:
        summary = {"rows": replayed.rows, "not_replayable": replayed.not_replayable, "files": len(sent)}
        lake.output.json({**summary, "processed": processed})
        return
    if replayed.not_replayable:
        lake.output.say(f"{replayed.not_replayable} rows cannot be split into columns: correct their source file.")
    if not following:
        lake.output.say("Nothing to replay.")
        return
    lake.output.say(f"Replayed {replayed.rows} rows and {len(sent)} files.")
    lake.output.records("Files", ["key", "state", "reason", "run_id"], processed)
