"""Removes what smoke tests made, also one that was interrupted: rows, records of the ledger, documents, raw files.

Raw files are removed last: while there is one, the next smoke test knows that something is left. Rows are found by the
file that they came from, so no row of anybody else is touched. While rows are removed, no run writes to their table.
"""

# ruff: noqa: S608 - tables are the environment's, values are dates and literals

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from cartlake import contracts
from cartlake.aws.clients import error_code
from cartlake.contracts.rules.sql import text_literal
from cartlake.ledger import FileState
from cartlake.ledger.items.keys import content_of, file_key, pending_key, run_file_key, run_key
from cartlake.ledger.items.table import Key, Table, delete
from cartlake.refresh.day_ranges import of_days
from cartlake.refresh.graph import Scope
from cartlake.runs.folder import LINEAGE_EVENTS, LINEAGE_ROWS, LINEAGE_UNSENT, day_of
from cartlake.runs.ids import Workflow, new_run_id
from cartlake.times import utc_now
from cartlake_cli.errors import CommandError
from cartlake_cli.named_tables import placement
from cartlake_cli.operations.coordinator import release_lock
from cartlake_cli.operations.follow import follow_refresh
from cartlake_cli.smoke.rows import FOLDER, MONTHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cartlake.ledger import FileRecord
    from cartlake_cli.context import Lake
    from cartlake_cli.smoke.asking import Asking

LAST: Final = MONTHS[-1].replace(year=MONTHS[-1].year + 1)
"""No row of a smoke test is of this day or later, so that deleting them reads no newer files."""

_DELETED_AT_ONCE: Final = 1000
_NOT_LOADED: Final = (FileState.RECEIVED, FileState.VALIDATED, FileState.REJECTED, FileState.FAILED)


@dataclass(slots=True)
class Leftovers:
    """What is there of smoke tests: versions of raw objects as (key, version id), and files of the ledger."""

    objects: list[tuple[str, str]] = field(default_factory=list)
    files: list[FileRecord] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.objects or self.files)


def leftovers(lake: Lake, datasets: Iterable[str]) -> Leftovers:
    """Return what is there of smoke tests of these datasets."""
    found = Leftovers()
    bucket = lake.outputs.buckets["raw"]
    for dataset in datasets:
        prefix = f"incoming/{dataset}/{FOLDER}/"
        versions = list(_versions(lake, bucket, prefix))
        found.objects += [(one["Key"], one["VersionId"]) for one in versions]
        known = {file.file_id: file for file in lake.ledger.files.get_many(_file_ids(bucket, versions))}
        # Files whose object is gone, as of a message that was delivered after it had been removed.
        for state in _NOT_LOADED:
            files = lake.ledger.files.list(dataset, state)
            known |= {file.file_id: file for file in files if file.key.startswith(prefix)}
        found.files += known.values()
    return found


def remove(lake: Lake, asking: Asking, found: Leftovers, datasets: Sequence[str], timeout_seconds: float) -> None:
    """Remove everything that is left. May be repeated. Raises CommandError when a table stays locked for too long."""
    runs = _own_runs(lake, found.files)
    with _locked(lake, Workflow.REFRESH, timeout_seconds):
        _remove_rows(lake, asking, datasets, timeout_seconds)
        _remove_from_operations(lake, asking, datasets, runs)
    follow_refresh(lake, timeout_seconds=timeout_seconds)
    _remove_records(lake, found.files, runs)
    _remove_documents(lake, found.files, runs)
    _delete(lake, lake.outputs.buckets["raw"], found.objects)


def rows_left(lake: Lake, asking: Asking, datasets: Iterable[str]) -> dict[str, int]:
    """Return how many rows of smoke tests are in the table of each dataset; only those that have some."""
    numbers = {
        name: asking.number(f"select count(*) from {_table(lake, name)} where {_ours(lake, name)}") for name in datasets
    }
    return {name: number for name, number in numbers.items() if number}


def _remove_rows(lake: Lake, asking: Asking, datasets: Iterable[str], timeout_seconds: float) -> None:
    """Delete the rows of tables of datasets, and have the refresh rebuild what is built from them without them."""
    request = new_run_id("smoke", utc_now(), secrets.token_hex(3))
    # What a refresh that failed has left waits for the next one, and starts none: it may be of a release before.
    for mark in lake.ledger.stale.of_failed_refreshes():
        lake.ledger.stale.mark(request, mark.table, mark.scope)
    for dataset in datasets:
        table = contracts.load(dataset).table
        event = f"cast({table.event_time} as date)"
        where = _ours(lake, dataset)
        days = [
            date.fromisoformat(str(day))
            for (day,) in asking.rows(f"select distinct {event} from {_table(lake, dataset)} where {where}")
        ]
        if not days:
            continue
        # Before the rows are gone: nobody would know of the days afterwards.
        lake.ledger.stale.mark(request, table.physical_name, Scope(days=of_days(days)))
        _remove_keyed(lake, asking, dataset, where)
        with _locked(lake, dataset, timeout_seconds):
            asking.rows(f"delete from {_table(lake, dataset)} where {where}")


def _remove_keyed(lake: Lake, asking: Asking, dataset: str, where: str) -> None:
    """Delete rows of tables that are rebuilt by keys: the refresh finds no key of rows that are gone."""
    names = {column.name for column in contracts.load(dataset).table.columns}
    for contract in contracts.load_all():
        for table in contract.tables:
            if table.build is None or table.build.replaces != "keys":
                continue
            for key in {table.build.key} & names:
                found = asking.rows(f"select distinct {key} from {_table(lake, dataset)} where {where}")
                keys = ", ".join(text_literal(str(value)) for (value,) in found if value is not None)
                if keys:
                    database, name = placement(lake).identifier(table)
                    asking.rows(f'delete from "{database}"."{name}" where {key} in ({keys})')


def _remove_from_operations(lake: Lake, asking: Asking, datasets: Iterable[str], runs: Sequence[str]) -> None:
    ops = lake.outputs.databases["ops"]
    for dataset in datasets:
        prefix = f"s3://{lake.outputs.buckets['raw']}/incoming/{dataset}/{FOLDER}/"
        where = f"dataset = {text_literal(dataset)} and source_file like {text_literal(prefix + '%')}"
        if asking.number(f"select count(*) from {ops}.quarantine_rows where {where}"):
            asking.rows(f"delete from {ops}.quarantine_rows where {where}")
    if runs:
        named = ", ".join(map(text_literal, runs))
        asking.rows(f"delete from {ops}.quality_results where run_id in ({named})")


def _own_runs(lake: Lake, files: Iterable[FileRecord]) -> list[str]:
    """Return the runs that read files of smoke tests and no others."""
    runs = {load.run_id for file in files for load in file.loads} | {file.run_id for file in files if file.run_id}
    return sorted(run for run in runs if all(f"/{FOLDER}/" in file.key for file in lake.ledger.runs.files(run)))


def _remove_records(lake: Lake, files: Iterable[FileRecord], runs: Sequence[str]) -> None:
    table = Table(lake.outputs.ledger_table, lake.client("dynamodb"))
    members: defaultdict[str, list[str]] = defaultdict(list)
    for file in files:
        for load in file.loads:
            members[load.run_id].append(file.file_id)
        if file.sha256 and file.contract_version:
            content = content_of(file)
            for duplicate in table.query(content.pk):
                table.write(delete(Key(duplicate["pk"], duplicate["sk"])))
        table.write(delete(pending_key(file)), delete(file_key(file.file_id)))
    for run_id, ids in members.items():
        for file_id in ids:
            table.write(delete(run_file_key(run_id, file_id)))
    for run_id in runs:
        table.write(delete(run_key(run_id)))


def _remove_documents(lake: Lake, files: Iterable[FileRecord], runs: Iterable[str]) -> None:
    artifacts, quarantine = lake.outputs.buckets["artifacts"], lake.outputs.buckets["quarantine"]
    for run_id in runs:
        _delete(lake, artifacts, _keyed(_versions(lake, artifacts, f"runs/{run_id}/")))
        for folder in (LINEAGE_EVENTS, LINEAGE_ROWS):
            _delete(lake, artifacts, _keyed(_versions(lake, artifacts, f"{folder}day={day_of(run_id)}/{run_id}.")))
        _delete(lake, artifacts, _keyed(_versions(lake, artifacts, f"{LINEAGE_UNSENT}{run_id}")))
    for file in files:
        prefix = f"rejected/{file.dataset}/{file.file_id}/"
        _delete(lake, quarantine, _keyed(_versions(lake, quarantine, prefix)))


@contextmanager
def _locked(lake: Lake, subject: str, timeout_seconds: float) -> Iterator[None]:
    """Hold the lock of a dataset or of the refresh, so that no run writes. Raises CommandError if it stays taken."""
    run_id, deadline = new_run_id(subject, utc_now(), secrets.token_hex(3)), time.monotonic() + timeout_seconds
    while not (lake.ledger.locks.acquire(subject, run_id) or _take_over(lake, subject, run_id)):
        if time.monotonic() > deadline:
            raise CommandError(
                f"A run of {subject} has been at work for {timeout_seconds:g} s; `lake status` shows it."
            )
        time.sleep(1)
    try:
        yield
    finally:
        # Not only released: files that came meanwhile wait for a run.
        release_lock(lake, subject, run_id)


def _take_over(lake: Lake, subject: str, run_id: str) -> bool:
    """Take the lock of a run whose execution has ended without releasing it; returns whether that was so."""
    lock = lake.ledger.locks.get(subject)
    if lock is None or lock.execution_arn is None:
        return False
    try:
        found = lake.client("stepfunctions").describe_execution(executionArn=lock.execution_arn)
    except ClientError as error:
        if error_code(error) != "ExecutionDoesNotExist":
            raise
        return False
    ended = found["status"] != "RUNNING"
    return ended and lake.ledger.locks.take_over(subject, lock.run_id, run_id)


def _table(lake: Lake, dataset: str) -> str:
    database, name = placement(lake).identifier(contracts.load(dataset).table)
    return f'"{database}"."{name}"'


def _ours(lake: Lake, dataset: str) -> str:
    """Return the condition that is true for rows of smoke tests."""
    table = contracts.load(dataset).table
    prefix = f"s3://{lake.outputs.buckets['raw']}/incoming/{dataset}/{FOLDER}/"
    return f"\"_source_file\" like {text_literal(prefix + '%')} and cast({table.event_time} as date) < date '{LAST}'"


def _file_ids(bucket: str, versions: Iterable[Any]) -> list[str]:
    from cartlake.ledger import ObjectVersion  # noqa: PLC0415

    return [
        ObjectVersion(
            bucket=bucket,
            key=one["Key"],
            version_id=None if one["VersionId"] == "null" else one["VersionId"],
            etag=one["ETag"].strip('"'),
            size=one["Size"],
        ).file_id
        for one in versions
        if "ETag" in one
    ]


def _versions(lake: Lake, bucket: str, prefix: str) -> Iterator[Any]:
    """Yield all versions and delete markers below a prefix."""
    pages = lake.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        yield from page.get("Versions", [])
        yield from page.get("DeleteMarkers", [])


def _keyed(versions: Iterable[Any]) -> list[tuple[str, str]]:
    return [(one["Key"], one["VersionId"]) for one in versions]


def _delete(lake: Lake, bucket: str, objects: Sequence[tuple[str, str]]) -> None:
    """Delete versions of objects. Raises CommandError for those that S3 refuses to delete, as under Object Lock."""
    for start in range(0, len(objects), _DELETED_AT_ONCE):
        part = objects[start : start + _DELETED_AT_ONCE]
        wanted: Any = [{"Key": key, "VersionId": version} for key, version in part]
        answer = lake.client("s3").delete_objects(Bucket=bucket, Delete={"Objects": wanted, "Quiet": True})
        if errors := answer.get("Errors"):
            raise CommandError(f"s3://{bucket}/{errors[0]['Key']} was not deleted: {errors[0]['Message']}")
