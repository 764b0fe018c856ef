"""`lake quarantine`: what was set aside, why, and how it comes back."""

from typing import Annotated

import typer

from cartlake.ledger import FileRecord, FileState, UnknownFileError
from cartlake_cli.athena.client import athena_of, literal
from cartlake_cli.commands.runs.follow import follow_files
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import NotFoundError
from cartlake_cli.operations.replay import IN_FORCE, Replayed, quarantine_table, replay_files, replay_rows
from cartlake_cli.operations.upload import check_dataset
from cartlake_cli.options import Dataset, Json, Limit, OptionalDataset
from cartlake_cli.output import records_of

quarantine_app = typer.Typer(help="See and replay what was set aside.", no_args_is_help=True)


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
    where, parameters = ("and dataset = ?", [literal(dataset)]) if dataset else ("", [])
    counted = athena_of(lake).run(
        "select dataset, reason, count(*) as quarantined_rows, count(replay_id) as replayed "  # noqa: S608
        f"from {quarantine_table(lake)} cross join unnest(reasons) as each_reason (reason) where {IN_FORCE} {where} "
        "group by dataset, reason order by 3 desc",
        parameters,
    )
    files = records_of(
        file for state in (FileState.REJECTED, FileState.FAILED) for file in lake.ledger.files.list(dataset, state)
    )
    if lake.output.as_json:
        lake.output.json({"rows": counted.records(), "files": files})
        return
    lake.output.records("Quarantined rows", ["dataset", "reason", "quarantined_rows", "replayed"], counted.records())
    lake.output.records("Rejected and failed files", ["key", "state", "reason", "detail", "file_id"], files)


def show(
    context: typer.Context,
    run_or_file: Annotated[str, typer.Argument(metavar="RUN|FILE", help="A run id or a file id.")],
    reason: Annotated[str | None, typer.Option(help="Only rows that broke this rule.")] = None,
    superseded: Annotated[
        bool, typer.Option(help="Also verdicts that a backfill has judged anew since, or never published.")
    ] = False,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Show a rejected file's reason, or the quarantined rows of a run or file with every reason and the raw record."""
    lake = lake_of(context)
    file = _file(lake, run_or_file)
    if file is not None and file.state is FileState.REJECTED:
        lake.output.record(f"File {run_or_file}", file.model_dump(mode="json"))
        return
    chosen = "contains(reasons, ?)" if reason else "true"
    in_force = "true" if superseded else IN_FORCE
    parameters = [literal(run_or_file), literal(run_or_file), *([literal(reason)] if reason else [])]
    rows = athena_of(lake).run(
        "select row_id, array_join(reasons, ', ') as reasons, raw_record, source_file, replay_id, superseded_by "  # noqa: S608
        f"from {quarantine_table(lake)} where (run_id = ? or file_id = ?) and {chosen} and {in_force} "
        f"order by row_id limit {limit}",
        parameters,
    )
    lake.output.records(
        f"Quarantined rows of {run_or_file}", ["reasons", "raw_record", "replay_id", "superseded_by"], rows.records()
    )


def replay(
    context: typer.Context,
    dataset: Dataset,
    reason: Annotated[str | None, typer.Option(help="Only rows that broke this rule.")] = None,
    run_id: Annotated[str | None, typer.Option("--run", help="Only rows and files of this run.")] = None,
    rows: Annotated[bool, typer.Option(help="Replay quarantined rows.")] = True,
    files: Annotated[bool, typer.Option(help="Replay rejected and failed files.")] = True,
    wait: Annotated[bool, typer.Option(help="Wait until everything is settled.")] = True,
    json: Json = False,
) -> None:
    """Send quarantined rows and files through the lake again, each exactly once. Fix the contract or cause first."""
    lake = lake_of(context)
    check_dataset(dataset)
    replayed = replay_rows(lake, dataset, reason, run_id) if rows else Replayed(0, 0, [])
    sent = replay_files(lake, dataset, run_id) if files and reason is None else []
    following = [*replayed.file_ids, *sent]
    settled = records_of(follow_files(lake, dataset, following)) if wait and following else []
    if lake.output.as_json:
        summary = {"rows": replayed.rows, "not_replayable": replayed.not_replayable, "files": len(sent)}
        lake.output.json({**summary, "settled": settled})
        return
    if replayed.not_replayable:
        lake.output.say(f"{replayed.not_replayable} rows cannot be split into columns: correct their source file.")
    if not following:
        lake.output.say("Nothing to replay.")
        return
    lake.output.say(f"Replayed {replayed.rows} rows and {len(sent)} files.")
    lake.output.records("Files", ["key", "state", "reason", "run_id"], settled)


def _file(lake: Lake, run_or_file: str) -> FileRecord | None:
    """The file of this id, or None where it is a run's. Raises NotFoundError where it is neither."""
    if lake.ledger.runs.get(run_or_file) is not None:
        return None
    try:
        return lake.ledger.files.get(run_or_file)
    except UnknownFileError as error:
        msg = f"There is no run and no file {run_or_file!r}. `lake quarantine list` and `lake runs` name them."
        raise NotFoundError(msg) from error
