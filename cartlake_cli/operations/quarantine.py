"""Quarantined rows, counted by reason or of one run or file, and the files that were not loaded."""

# ruff: noqa: S608 - the table is the environment's; every value is bound or a literal

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cartlake.contracts.rules.sql import text_literal
from cartlake.ledger import FileState, UnknownFileError
from cartlake_cli.athena.client import athena_of
from cartlake_cli.errors import NotFoundError

if TYPE_CHECKING:
    from cartlake.ledger import FileRecord
    from cartlake_cli.context import Lake

Record = dict[str, str | None]
"""A row as Athena writes it: every value is text, or None for null."""

IN_FORCE: Final = "superseded_by is null"
"""SQL that is true for rows that count now.

It is false for rows of files that a backfill has read again since, and for rows of a backfill that was not published.
"""


def quarantine_table(lake: Lake) -> str:
    """Return the name of the table of quarantined rows in this environment."""
    return f"{lake.outputs.databases['ops']}.quarantine_rows"


def rows_by_reason(lake: Lake, dataset: str | None = None) -> list[Record]:
    """Return `dataset`, `reason`, `quarantined_rows` and `replayed` (a count of rows), the most rows first.

    A row that broke several rules counts under each of them.
    """
    where, parameters = ("and dataset = ?", [text_literal(dataset)]) if dataset else ("", [])
    counted = athena_of(lake).run(
        "select dataset, reason, count(*) as quarantined_rows, count(replay_id) as replayed "
        f"from {quarantine_table(lake)} cross join unnest(reasons) as each_reason (reason) where {IN_FORCE} {where} "
        "group by dataset, reason order by 3 desc",
        parameters,
    )
    return counted.records()


def quarantined_rows(
    lake: Lake, run_or_file: str, reason: str | None = None, *, superseded: bool = False, limit: int
) -> list[Record]:
    """Return at most `limit` rows of a run or file, by row id, with the reasons in one text and the raw record.

    `reason` keeps only rows that broke this rule. `superseded` adds rows that do not count
    any more: see IN_FORCE.
    """
    chosen = "contains(reasons, ?)" if reason else "true"
    in_force = "true" if superseded else IN_FORCE
    parameters = [text_literal(run_or_file), text_literal(run_or_file), *([text_literal(reason)] if reason else [])]
    rows = athena_of(lake).run(
        "select row_id, array_join(reasons, ', ') as reasons, raw_record, source_file, replay_id, superseded_by "
        f"from {quarantine_table(lake)} where (run_id = ? or file_id = ?) and {chosen} and {in_force} "
        f"order by row_id limit {limit}",
        parameters,
    )
    return rows.records()


def unloaded_files(lake: Lake, dataset: str | None = None) -> list[FileRecord]:
    """Return the files that were rejected, then those whose run failed; each oldest first."""
    return [file for state in (FileState.REJECTED, FileState.FAILED) for file in lake.ledger.files.list(dataset, state)]


def find_file(lake: Lake, run_or_file: str) -> FileRecord | None:
    """Return the file of this id, or None for the id of a run. Raises NotFoundError for any other text."""
    if lake.ledger.runs.get(run_or_file) is not None:
        return None
    try:
        return lake.ledger.files.get(run_or_file)
    except UnknownFileError as error:
        msg = f"There is no run and no file {run_or_file!r}. `lake quarantine list` and `lake runs` name them."
        raise NotFoundError(msg) from error
