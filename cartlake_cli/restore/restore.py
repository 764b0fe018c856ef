"""Plans and makes a restore: tables first, then views, then the ledger, then what the refresh has to rebuild."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cartlake import contracts
from cartlake.ledger import Content, FileState, RunState
from cartlake.raw_listing import compared
from cartlake.runs.ids import Workflow
from cartlake.tables.catalog import load_catalog
from cartlake_cli.errors import CommandError
from cartlake_cli.named_tables import placement
from cartlake_cli.operations.coordinator import start_run
from cartlake_cli.restore.backup import LedgerBackup, copy_backup, is_empty, newest_backup
from cartlake_cli.restore.evidence import Rebuilt, rebuilt, same_content
from cartlake_cli.restore.history import past_runs, rejected_files
from cartlake_cli.restore.items import Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cartlake.raw_zone import Landed
    from cartlake_cli.context import Lake
    from cartlake_cli.restore.history import PastRun
    from cartlake_cli.restore.tables import TablePlan


@dataclass(slots=True)
class RestorePlan:
    """What a restore changes. `files` and `runs` count records that the ledger lacks, by state.

    `backup` is copied first, and the records are then those that it lacks too. `unknown` are files of which nothing
    proves what became of them: the sweep announces them. `unreadable` are documents of runs that say nothing.
    """

    tables: Sequence[TablePlan]
    backup: LedgerBackup | None
    records: Rebuilt
    unknown: list[Landed] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    @property
    def files(self) -> Counter[FileState]:
        """Return how many records of files the ledger lacks, by state."""
        return Counter(file.state for file in self.records.files.values())

    @property
    def runs(self) -> Counter[RunState]:
        """Return how many records of runs the ledger lacks, by state."""
        return Counter(run.state for run in self.records.runs)

    @property
    def is_needed(self) -> bool:
        """Return whether the restore would change anything."""
        tables = any(table.is_change for table in self.tables)
        return tables or bool(self.backup or self.records.files or self.records.runs or self.records.marks)

    @property
    def lost(self) -> list[TablePlan]:
        """Return the tables whose files are all damaged."""
        return [table for table in self.tables if table.action == "unreadable"]


def plan_restore(lake: Lake, backup: LedgerBackup | None = None, *, without_backup: bool = False) -> RestorePlan:
    """Return what is missing and can be brought back; changes nothing.

    Without `backup`, the newest one is taken where the ledger is empty, unless `without_backup`. Raises TerminalError
    when a database or the ledger's table is missing: Terraform makes them.
    """
    lake.connect()
    client, table = lake.client("dynamodb"), lake.outputs.ledger_table
    if is_empty(client, table) and backup is None and not without_backup:
        backup = newest_backup(client, table)
    history = past_runs(lake.outputs.buckets["artifacts"])
    tables = plan_tables(lake, history)
    records, unknown = _records(lake, history)
    return RestorePlan(tables, backup, records, unknown, [fault for run in history for fault in run.unreadable])


def plan_tables(lake: Lake, history: Sequence[PastRun]) -> list[TablePlan]:
    """Return what becomes of each table of the contracts; changes nothing."""
    from cartlake_cli.restore.tables import plan_table  # noqa: PLC0415 - a second of import

    ended = {run.run_id: run.outcome is not None and run.outcome.error is None for run in history}
    where, catalog = placement(lake), load_catalog()
    described = [table for contract in contracts.load_all() for table in contract.tables]
    return [plan_table(catalog, table, where, ended.get) for table in described]


def restore(lake: Lake, plan: RestorePlan) -> dict[str, Any]:
    """Make a restore; returns what was done. Safe to repeat after an interruption.

    Raises CommandError while executions are running: their runs would write what is brought back.
    """
    from cartlake_cli.operations.catalog import apply_changes  # noqa: PLC0415 - seconds to import
    from cartlake_cli.restore.tables import register  # noqa: PLC0415 - a second of import

    refuse_while_running(lake)
    catalog = load_catalog()
    for table in plan.tables:
        if table.is_change:
            register(catalog, table)
    changes = apply_changes(lake)
    copied = _copy(lake, plan.backup) if plan.backup else 0
    writer = _writer(lake)
    records = writer.lacking(plan.records)  # once more: the backup has some of them
    writer.add(records)
    _note_copies(lake, records)
    duplicates = _add_duplicates(lake, plan.unknown)
    if records.marks:
        start_run(lake, Workflow.REFRESH)
    return {
        "tables": [table.table for table in plan.tables if table.is_change],
        "created": [change.table for change in changes.tables if change.action == "create"],
        "views": [f"{change.view.database}.{change.view.name}" for change in changes.views],
        "items_from_backup": copied,
        "files": {str(state): number for state, number in plan.files.items()},
        "runs": {str(state): number for state, number in plan.runs.items()},
        "duplicates": duplicates,
        "refreshed": sorted({mark.table for mark in records.marks}),
        "unknown": len(plan.unknown) - duplicates,
    }


def refuse_while_running(lake: Lake) -> None:
    """Raise CommandError that names an execution which is running, if there is one."""
    for arn in lake.outputs.state_machine_arns.values():
        running = lake.client("stepfunctions").list_executions(
            stateMachineArn=arn, statusFilter="RUNNING", maxResults=1
        )["executions"]
        if running:
            raise CommandError(
                f"Nothing was changed: execution {running[0]['name']} is running. Wait for it, or stop it with "
                f"`aws stepfunctions stop-execution --execution-arn {running[0]['executionArn']}`, then repeat."
            )


def _copy(lake: Lake, backup: LedgerBackup) -> int:
    table = lake.outputs.ledger_table
    lake.output.say(f"Restoring {backup} of {table}; DynamoDB takes 20 minutes and more for it.")
    return copy_backup(lake.client("dynamodb"), backup, table, f"{table}-restored")


def _writer(lake: Lake) -> Writer:
    return Writer(lake.ledger, lake.outputs.ledger_table, lake.client("dynamodb"))


def _records(lake: Lake, history: Sequence[PastRun]) -> tuple[Rebuilt, list[Landed]]:
    """Return the records that the ledger lacks, and the objects of raw of which nothing is known."""
    unrecorded = [one for part in compared(lake.ledger, lake.outputs.buckets["raw"]) for one in part.unrecorded]
    rejected = rejected_files(lake.outputs.buckets["quarantine"]) if unrecorded else {}
    found = rebuilt(history, rejected, unrecorded, loads_again)
    unknown = [one for one in unrecorded if one.version.file_id not in found.files]
    return _writer(lake).lacking(found), unknown


def loads_again(dataset: str) -> bool:
    """Return whether content of a dataset that comes again is loaded again; False for one without a contract."""
    return dataset in contracts.all_names() and contracts.load(dataset).table.loads_again


def _note_copies(lake: Lake, records: Rebuilt) -> None:
    """Record the newest full copy of each dataset whose files are the whole table."""
    for file in records.files.values():
        if file.state is FileState.LOADED and _is_full_copy(file.dataset, file.key):
            lake.ledger.copies.note(file)


def _is_full_copy(dataset: str, key: str) -> bool:
    from cartlake.raw_zone import is_replay  # noqa: PLC0415

    known = dataset in contracts.all_names()
    return known and contracts.load(dataset).table.full_copy is not None and not is_replay(key)


def _add_duplicates(lake: Lake, unknown: Iterable[Landed]) -> int:
    """Record files with the content of a loaded one as its duplicates; returns how many there were."""
    ledger, added = lake.ledger, 0
    for one, owners in same_content(unknown, ledger.files.list(state=FileState.LOADED), loads_again):
        sha256 = _sha256(lake, one)
        owner = next((file for file in owners if file.sha256 == sha256), None)
        if owner is None or owner.format is None:
            continue
        content = Content(
            sha256=sha256,
            contract_version=str(owner.contract_version),
            format=owner.format,
            row_estimate=owner.row_estimate or 0,
            expanded_size=owner.expanded_size,
        )
        ledger.files.validated(ledger.files.receive(owner.dataset, one.version).file_id, content)
        added += 1
    return added


def _sha256(lake: Lake, one: Landed) -> str:
    version: Any = {"VersionId": one.version.version_id} if one.version.version_id else {}
    body = lake.client("s3").get_object(Bucket=one.version.bucket, Key=one.version.key, **version)["Body"]
    digest = hashlib.sha256()
    for chunk in body.iter_chunks(1 << 20):
        digest.update(chunk)
    return digest.hexdigest()
