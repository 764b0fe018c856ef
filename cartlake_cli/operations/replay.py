"""Replay: quarantined rows and files that were not loaded are loaded again, each exactly once.

Rows are claimed in the quarantine table before they are sent, by a statement that claims no row twice. A replay that is
killed after that is finished by the next one, which finds rows with a replay id whose file does not exist.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cartlake import contracts
from cartlake.aws.objects import Head, S3Uri
from cartlake.aws.s3 import WRITTEN_AT, head
from cartlake.contracts.rules.sql import text_literal
from cartlake.erasure.tombstones import PERSON_WAS_ERASED
from cartlake.ledger import FileRecord, FileState
from cartlake.runs.bad_files import TOO_MANY_DELETED
from cartlake_cli.athena.client import athena_of
from cartlake_cli.context import Lake
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.coordinator import start_run
from cartlake_cli.operations.quarantine import IN_FORCE, quarantine_table
from cartlake_cli.operations.upload import INCOMING, landed_as

ROW_ID_KEY = "_quarantine_row_id"
"""The key of the quarantined row's id in a replay file. With it, two equal records give files of different content.
Keys that start with an underscore are read as metadata, not as columns."""

UNPARSEABLE_KEY = "_corrupt_record"
"""The key of a row that could not be split into columns. It can be loaded only from a corrected file."""

REPLAYABLE = (
    f"replay_id is null and {IN_FORCE} and json_extract(raw_record, '$.{UNPARSEABLE_KEY}') is null"
    f" and not contains(reasons, '{PERSON_WAS_ERASED}')"
)
BATCH = 1_000
LOST = (FileState.FAILED, FileState.REJECTED)


@dataclass(frozen=True)
class Replayed:
    """How many rows were sent, how many cannot be, and the ids of the files with the rows."""

    rows: int
    not_replayable: int
    file_ids: list[str]


def replay_rows(lake: Lake, dataset: str, reason: str | None, run_id: str | None) -> Replayed:
    """Send the rows that were not replayed yet, in one file, and before it files of replays that were interrupted."""
    replay_ids = _unsent(lake, dataset)
    chosen, parameters = _chosen(lake, dataset, reason, run_id)
    unparseable = f"replay_id is null and {IN_FORCE} and not ({REPLAYABLE})"
    counted = athena_of(lake).run(
        f"select count(*) from {quarantine_table(lake)} where {chosen} and {unparseable}",  # noqa: S608
        parameters,
    )
    if claimed := _claim(lake, chosen, parameters):
        replay_ids.append(claimed)
    sent = [_send(lake, dataset, replay_id) for replay_id in replay_ids]
    file_ids = [file_id for _, file_id in sent if file_id]
    return Replayed(sum(rows for rows, _ in sent), int(counted.scalar() or 0), file_ids)


def _claim(lake: Lake, chosen: str, parameters: Sequence[str]) -> str | None:
    """Claim the rows that were not replayed yet; returns the id of their replay, None where there are none."""
    athena, table = athena_of(lake), quarantine_table(lake)
    waiting = athena.run(
        f"select row_id from {table} where {chosen} and {REPLAYABLE} order by row_id",  # noqa: S608
        parameters,
    )
    row_ids = [str(row["row_id"]) for row in waiting.records()]
    if not row_ids:
        return None
    # Derived from the rows, so that a replay that is repeated writes to the same key.
    replay_id = "replay-" + hashlib.sha256("\n".join(row_ids).encode()).hexdigest()[:16]
    # Athena takes at most 256 KB of SQL.
    for batch in _batches(row_ids):
        athena.run(
            f"update {table} set replay_id = {text_literal(replay_id)}, replayed_at = current_timestamp "  # noqa: S608
            f"where row_id in ({', '.join(map(text_literal, batch))}) and {REPLAYABLE}"
        )
    return replay_id


def _unsent(lake: Lake, dataset: str) -> list[str]:
    """Return the ids of replays whose rows were claimed, but whose file was not written."""
    claimed = athena_of(lake).run(
        f"select distinct replay_id from {quarantine_table(lake)} "  # noqa: S608
        "where dataset = ? and replay_id is not null order by replay_id",
        [text_literal(dataset)],
    )
    replay_ids = [str(row["replay_id"]) for row in claimed.records()]
    if not replay_ids:
        return []
    pages = lake.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=lake.outputs.buckets["raw"], Prefix=_key(dataset, ""))
    there = {entry["Key"] for page in found for entry in page.get("Contents", [])}
    return [replay_id for replay_id in replay_ids if _key(dataset, f"{replay_id}.jsonl") not in there]


def _send(lake: Lake, dataset: str, replay_id: str) -> tuple[int, str | None]:
    """Write the rows of a replay to a file that the lake loads. The same rows give the same bytes.

    Returns the number of rows and the file's id; no id where another replay has claimed all of them.
    """
    rows = athena_of(lake).run(
        f"select row_id, raw_record from {quarantine_table(lake)} "  # noqa: S608
        "where dataset = ? and replay_id = ? order by row_id",
        [text_literal(dataset), text_literal(replay_id)],
    )
    records = {str(row["row_id"]): json.loads(str(row["raw_record"])) for row in rows.records()}
    if not records:
        return 0, None
    body = "".join(json.dumps({**record, ROW_ID_KEY: row_id}) + "\n" for row_id, record in records.items()).encode()
    uri = S3Uri(lake.outputs.buckets["raw"], _key(dataset, f"{replay_id}.jsonl"))
    answer = lake.client("s3").put_object(Bucket=uri.bucket, Key=uri.key, Body=body)
    return len(records), landed_as(uri, _head_of(answer, len(body))).file_id


def _key(dataset: str, name: str) -> str:
    return f"{INCOMING}/{dataset}/replay/{name}"


def _chosen(lake: Lake, dataset: str, reason: str | None, run_id: str | None) -> tuple[str, list[str]]:
    """Return the condition of rows to replay, and its parameters. A failed file is replayed with all of its rows.

    Where each file is the whole table, rows of older ones than the table is of are left out.
    """
    conditions, parameters = ["dataset = ?"], [text_literal(dataset)]
    if contracts.load(dataset).table.full_copy:
        conditions.append("file_id = ?")
        parameters.append(text_literal(lake.ledger.copies.newest_file(dataset) or ""))
    if failed := [text_literal(file.file_id) for file in lake.ledger.files.list(dataset, FileState.FAILED)]:
        conditions.append(f"file_id not in ({', '.join(failed)})")
    if reason:
        conditions.append("contains(reasons, ?)")
        parameters.append(text_literal(reason))
    if run_id:
        conditions.append("run_id = ?")
        parameters.append(text_literal(run_id))
    return " and ".join(conditions), parameters


def _batches(row_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (row_ids[start : start + BATCH] for start in range(0, len(row_ids), BATCH))


def replay_files(lake: Lake, dataset: str, run_id: str | None) -> list[str]:
    """Send failed files to the next run, and rejected ones to validation again; returns the ids of the files.

    With `run_id` only files that this run failed or rejected. Files whose object is gone or replaced are left out.
    """
    lost = [file for state in LOST for file in lake.ledger.files.list(dataset, state) if run_id in {None, file.run_id}]
    return _replay(lake, dataset, [file for file in lost if _is_ready(file) or _is_current(lake, file)])


def replay_chosen(lake: Lake, dataset: str, file_ids: Sequence[str], *, accept_deletes: bool = False) -> list[str]:
    """Do what `replay_files` does for these files alone.

    `accept_deletes` lets full copies delete more keys than the contract allows. Raises CommandError, before any is
    sent, for one that is not FAILED or REJECTED, of another dataset, whose object is gone, or that was refused for
    another reason, and UnknownFileError for one that was never received.
    """
    files = [lake.ledger.files.get(file_id) for file_id in file_ids]
    for file in files:
        if fault := _not_replayable(lake, dataset, file) or (accept_deletes and _not_too_many_deleted(file)):
            raise CommandError(f"File {file.file_id} ({file.key}) cannot be replayed: {fault}")
    if not accept_deletes:
        return _replay(lake, dataset, files)
    for file in files:
        lake.ledger.files.accept_deletes(file.file_id)
    start_run(lake, dataset)
    return [file.file_id for file in files]


def _not_too_many_deleted(file: FileRecord) -> str | None:
    if file.reason == TOO_MANY_DELETED:
        return None
    return f"its reason is {file.reason}, and --accept-deletes is for {TOO_MANY_DELETED}. Leave it out."


def _not_replayable(lake: Lake, dataset: str, file: FileRecord) -> str | None:
    if file.dataset != dataset:
        return f"it is of {file.dataset}. Name that dataset."
    if file.state not in LOST:
        return f"it is {file.state}. Only FAILED and REJECTED files are replayed; `lake files` lists them."
    if not (_is_ready(file) or _is_current(lake, file)):
        return "its object was deleted or overwritten. Drop the file again."
    return None


def _replay(lake: Lake, dataset: str, files: Sequence[FileRecord]) -> list[str]:
    """Send files on. A failed one was validated, and waits for the next run; the others are validated again."""
    ready = [file for file in files if _is_ready(file)]
    for file in ready:
        lake.ledger.files.requeue(file.file_id)
    if ready:
        start_run(lake, dataset)
    return [*(file.file_id for file in ready), *(_again(lake, file) for file in files if not _is_ready(file))]


def _is_ready(file: FileRecord) -> bool:
    """Return whether the verdict of the validator still holds for a file.

    Header and content record of one that another major version of the contract validated belong to that version.
    """
    return file.state is FileState.FAILED and _major(file) == contracts.load(file.dataset).major


def _major(file: FileRecord) -> int:
    return int(str(file.contract_version).partition(".")[0])


def _is_current(lake: Lake, file: FileRecord) -> bool:
    """Return whether the file's version is the current one of its key. A newer version has its own record."""
    lake.connect()
    found = head(S3Uri(file.bucket, file.key))
    return found is not None and found.version_id == file.version_id


def _again(lake: Lake, file: FileRecord) -> str:
    """Copy an object onto itself; returns the id of the new file. The event of the new version starts validation."""
    source = {"Bucket": file.bucket, "Key": file.key}
    known = head(S3Uri(file.bucket, file.key))
    # Full copies are ordered by when they were written, which is not now.
    written = {WRITTEN_AT: known.written_at} if known and known.written_at else {}
    copied = lake.client("s3").copy_object(
        Bucket=file.bucket, Key=file.key, CopySource=source, MetadataDirective="REPLACE", Metadata=written
    )
    sent = _head_of({"ETag": copied["CopyObjectResult"]["ETag"], "VersionId": copied.get("VersionId")}, file.size)
    return landed_as(S3Uri(file.bucket, file.key), sent).file_id


def _head_of(answer: Mapping[str, Any], size: int) -> Head:
    """Return the attributes of an object by S3's answer to a PUT or COPY, which does not include the size."""
    return Head(answer.get("VersionId"), answer["ETag"].strip('"'), size)
