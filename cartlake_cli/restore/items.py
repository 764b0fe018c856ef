"""Writes records that were concluded from other places into the ledger, where it has none or is behind them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.conditions import Attr

from cartlake.ledger import FileRecord, FileState, RunRecord, RunState
from cartlake.ledger.items.keys import (
    content_of,
    dataset_key,
    duplicate_key,
    file_key,
    pending_key,
    run_file_key,
    run_index,
    run_key,
    stale_key,
    state_index,
)
from cartlake.ledger.items.table import ABSENT, Action, ConflictError, Key, Table, delete, put, update
from cartlake.ledger.moves import move

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cartlake.ledger import Ledger
    from cartlake_cli.restore.evidence import Rebuilt

BEHIND: Final = (
    FileState.RECEIVED,
    FileState.VALIDATED,
    FileState.DUPLICATE,
    FileState.CLAIMED,
    FileState.FAILED,
)
"""States of a file on record that a proof of its load corrects: the record is older, or a sweep came first."""

_WRITERS: Final = 16
_READ_AT_ONCE: Final = 1_000


class Writer:
    """Adds records. Every method may be repeated: what is on record stays, unless it is behind."""

    def __init__(self, ledger: Ledger, table_name: str, client: Any) -> None:
        self._ledger, self._table = ledger, Table(table_name, client)

    def lacking(self, found: Rebuilt) -> Rebuilt:
        """Return those of the records that the ledger lacks, or is behind."""
        known: dict[str, FileState] = {}
        ids = list(found.files)
        for start in range(0, len(ids), _READ_AT_ONCE):
            part = ids[start : start + _READ_AT_ONCE]
            known |= {file.file_id: file.state for file in self._ledger.files.get_many(part)}
        runs = self._runs_on_record(found.runs)
        new = {run.run_id for run in found.runs if runs.get(run.run_id) in (None, RunState.RUNNING)}
        found.files = {key: file for key, file in found.files.items() if _is_needed(file, known.get(key))}
        found.runs = [run for run in found.runs if run.run_id in new]
        # A run that is on record has left its mark, or a refresh has taken it.
        found.marks = [mark for mark in found.marks if mark.run_id in new]
        return found

    def add(self, found: Rebuilt) -> None:
        """Write all records, files before runs."""
        for dataset in sorted({file.dataset for file in found.files.values()}):
            self._table.write(put(dataset_key(dataset), {}))
        with ThreadPoolExecutor(_WRITERS) as pool:
            list(pool.map(self._add_file, found.files.values()))
            list(pool.map(lambda run: self._add_run(run, found.run_files.get(run.run_id, [])), found.runs))
        for mark in found.marks:
            self._table.write(put(stale_key(mark.run_id, mark.table), mark.model_dump(mode="json")))

    def _runs_on_record(self, runs: Sequence[RunRecord]) -> dict[str, RunState]:
        items = self._table.get_many([run_key(run.run_id) for run in runs])
        return {item["run_id"]: RunState(item["state"]) for item in items}

    def _add_file(self, file: FileRecord) -> None:
        index = {"gsi1pk": state_index(file.dataset, file.state), "gsi1sk": file.reception}
        item = file.model_dump(mode="json") | index
        states = [str(state) for state in BEHIND]
        behind = Attr("state").is_in(states) if file.state is FileState.LOADED else Attr("pk").not_exists()
        actions: list[Action] = [put(file_key(file.file_id), item, when=ABSENT | behind)]
        # Of the record that is replaced: it was received at another time.
        actions += [delete(pending_key(known)) for known in self._ledger.files.get_many([file.file_id])]
        try:
            self._table.write(*actions)
        except ConflictError:
            return  # it was recorded meanwhile
        if file.state is FileState.LOADED and file.sha256:
            content = content_of(file)
            if not self._table.try_write(put(content, {"file_id": file.file_id}, when=ABSENT)):
                self._take_content(file, content)

    def _take_content(self, file: FileRecord, content: Key) -> None:
        """Make a file stand for its content where another one with it waits to be loaded: that one is its duplicate."""
        owner = str((self._table.get(content) or {}).get("file_id"))
        for other in self._ledger.files.get_many([owner] if owner != file.file_id else []):
            with suppress(ConflictError):  # it is loaded meanwhile, and its rows are counted as duplicates
                self._table.write(
                    move(other, FileState.DUPLICATE, [FileState.VALIDATED], duplicate_of=file.file_id),
                    delete(pending_key(other)),
                    delete(duplicate_key(content, file.file_id)),
                    put(duplicate_key(content, other.file_id), {"file_id": other.file_id}),
                    update(content, {"file_id": file.file_id}, when=Attr("file_id").eq(owner), add={"duplicates": 1}),
                )

    def _add_run(self, run: RunRecord, file_ids: Sequence[str]) -> None:
        item = run.model_dump(mode="json") | {"gsi1pk": run_index(run.subject), "gsi1sk": run.started_at}
        item["cost_usd"] = None if run.cost_usd is None else f"{run.cost_usd:.8f}"  # DynamoDB takes no binary fractions
        for file_id in file_ids:
            self._table.write(put(run_file_key(run.run_id, file_id), {"file_id": file_id}))
        running = Attr("state").eq(str(RunState.RUNNING))
        self._table.try_write(put(run_key(run.run_id), item, when=ABSENT | running))


def _is_needed(file: FileRecord, on_record: FileState | None) -> bool:
    return on_record is None or (file.state is FileState.LOADED and on_record in BEHIND)
