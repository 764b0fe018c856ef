"""`lake quarantine`: what was set aside, why, and how it comes back."""

import hashlib
import json as jsonlib
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

import typer
from botocore.exceptions import ClientError

from cartlake.athena import literal
from cartlake.cli.context import Lake, lake_of
from cartlake.cli.drop import check_dataset, uploaded
from cartlake.cli.errors import NotFoundError
from cartlake.cli.follow import follow_files
from cartlake.cli.options import Dataset, Json, Limit, OptionalDataset
from cartlake.cli.output import records_of
from cartlake.cli.query import athena_of
from cartlake.ledger import FileRecord, FileState, UnknownFileError

ROW_ID_KEY = "_quarantine_row_id"
"""Names the quarantined row in a replay file. Two replays of the same record therefore never have the same content,
and the lake reads keys that start with an underscore as metadata."""

UNPARSEABLE_KEY = "_corrupt_record"
"""Rows that could not be split into columns; they come back only in a corrected file."""

BATCH = 1_000

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
    where, parameters = ("where dataset = ?", [literal(dataset)]) if dataset else ("", [])
    counted = athena_of(lake).run(
        "select dataset, reason, count(*) as quarantined_rows, count(replay_id) as replayed "  # noqa: S608
        f"from {_table(lake)} cross join unnest(reasons) as each_reason (reason) {where} "
        "group by dataset, reason order by 3 desc",
        parameters,
    )
    files = records_of(
        file for state in (FileState.REJECTED, FileState.FAILED) for file in lake.ledger.files(dataset, state)
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
    parameters = [literal(run_or_file), literal(run_or_file), *([literal(reason)] if reason else [])]
    rows = athena_of(lake).run(
        "select row_id, array_join(reasons, ', ') as reasons, raw_record, source_file, replay_id "  # noqa: S608
        f"from {_table(lake)} where (run_id = ? or file_id = ?) and {chosen} order by row_id limit {limit}",
        parameters,
    )
    lake.output.records(f"Quarantined rows of {run_or_file}", ["reasons", "raw_record", "replay_id"], rows.records())


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
    replayed = replay_rows(lake, dataset, reason, run_id) if rows else Replayed(0, 0, None)
    sent = replay_files(lake, dataset, run_id) if files and reason is None else []
    following = [*([replayed.file_id] if replayed.file_id else []), *sent]
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


@dataclass(frozen=True)
class Replayed:
    """How many rows went back, how many could not, and the file that carries them."""

    rows: int
    not_replayable: int
    file_id: str | None


def replay_rows(lake: Lake, dataset: str, reason: str | None, run_id: str | None) -> Replayed:
    """Write the rows that were not replayed yet to one file in the raw zone, then mark them.

    A crash between the two repeats the same rows in a file of the same content, which the lake knows as a duplicate.
    """
    waiting = _waiting_rows(lake, dataset, reason, run_id)
    records = {str(row["row_id"]): jsonlib.loads(str(row["raw_record"])) for row in waiting}
    whole = {row_id: record for row_id, record in records.items() if UNPARSEABLE_KEY not in record}
    if not whole:
        return Replayed(0, len(records), None)
    row_ids = sorted(whole)
    replay_id = "replay-" + hashlib.sha256("\n".join(row_ids).encode()).hexdigest()[:16]
    body = "".join(jsonlib.dumps({**whole[row_id], ROW_ID_KEY: row_id}) + "\n" for row_id in row_ids)
    identity = _put(lake, f"incoming/{dataset}/replay/{replay_id}.jsonl", body.encode())
    _mark(lake, row_ids, replay_id)
    return Replayed(len(whole), len(records) - len(whole), identity)


def replay_files(lake: Lake, dataset: str, run_id: str | None) -> list[str]:
    """Send failed files to the next run and rejected ones to validation again. Returns the file ids to follow."""
    ledger = lake.ledger
    failed = [file for file in ledger.files(dataset, FileState.FAILED) if run_id in {None, file.run_id}]
    for file in failed:
        ledger.requeue(file.file_id)
    if failed:
        payload = jsonlib.dumps({"action": "start", "dataset": dataset}).encode()
        lake.client("lambda").invoke(FunctionName=lake.outputs.functions["file_router"], Payload=payload)
    rejected = ledger.files(dataset, FileState.REJECTED) if run_id is None else []
    sent = [_again(lake, file) for file in rejected if _is_current(lake, file)]
    return [*(file.file_id for file in failed), *sent]


def _is_current(lake: Lake, file: FileRecord) -> bool:
    """Whether the rejected version is still what lies under its key; a newer one was judged by itself."""
    s3 = lake.client("s3")
    try:
        head = s3.head_object(Bucket=file.bucket, Key=file.key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_FOUND:
            return False
        raise
    return bool(head.get("VersionId") == file.version_id)


def _again(lake: Lake, file: FileRecord) -> str:
    """Copy an object onto itself: a new version, whose event starts validation afresh. Returns its file id."""
    source = {"Bucket": file.bucket, "Key": file.key}
    copied = lake.client("s3").copy_object(
        Bucket=file.bucket, Key=file.key, CopySource=source, MetadataDirective="REPLACE"
    )
    answer = {"ETag": copied["CopyObjectResult"]["ETag"], "VersionId": copied.get("VersionId")}
    return uploaded(file.bucket, file.key, answer, file.size).file_id


def _file(lake: Lake, run_or_file: str) -> FileRecord | None:
    """The file of this id, or None where it is a run's. Raises NotFoundError where it is neither."""
    if lake.ledger.run(run_or_file) is not None:
        return None
    try:
        return lake.ledger.file(run_or_file)
    except UnknownFileError as error:
        msg = f"There is no run and no file {run_or_file!r}. `lake quarantine list` and `lake runs` name them."
        raise NotFoundError(msg) from error


def _waiting_rows(lake: Lake, dataset: str, reason: str | None, run_id: str | None) -> list[dict[str, str | None]]:
    conditions, parameters = ["dataset = ?", "replay_id is null"], [literal(dataset)]
    if reason:
        conditions.append("contains(reasons, ?)")
        parameters.append(literal(reason))
    if run_id:
        conditions.append("run_id = ?")
        parameters.append(literal(run_id))
    sql = f"select row_id, raw_record from {_table(lake)} where {' and '.join(conditions)} order by row_id"  # noqa: S608
    return athena_of(lake).run(sql, parameters).records()


def _put(lake: Lake, key: str, body: bytes) -> str:
    bucket = lake.outputs.buckets["raw"]
    answer = lake.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    return uploaded(bucket, key, answer, len(body)).file_id


def _mark(lake: Lake, row_ids: Sequence[str], replay_id: str) -> None:
    athena = athena_of(lake)
    for start in range(0, len(row_ids), BATCH):
        chosen = ", ".join(literal(row_id) for row_id in row_ids[start : start + BATCH])
        athena.run(
            f"update {_table(lake)} set replay_id = {literal(replay_id)}, "  # noqa: S608  # both made here, as hex
            f"replayed_at = current_timestamp where row_id in ({chosen})"
        )


def _table(lake: Lake) -> str:
    return f"{lake.outputs.databases['ops']}.quarantine_rows"
