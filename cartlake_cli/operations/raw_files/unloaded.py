"""Why a file was not loaded, and what to do about it."""

from typing import Any, Final

from cartlake.ledger import FileRecord, FileState, RunRecord
from cartlake.runs.bad_files import MISSING, SUPERSEDED, TOO_MANY_DELETED
from cartlake_cli.operations.run_documents import error_message

NOT_LOADED: Final = frozenset({FileState.FAILED, FileState.REJECTED, FileState.DUPLICATE})
_RUN_FAILED: Final = "run_failed"


def explained(file: FileRecord, run: RunRecord | None) -> dict[str, Any]:
    """Return the record of a file that was not loaded, first of all why, and what to do. `run` is its last run."""
    about = file.model_dump(mode="json")
    first = {"key": about.pop("key"), "state": about.pop("state"), "reason": about.pop("reason")}
    return {**first, "why": why(file, run), "next": next_step(file), **about}


def why(file: FileRecord, run: RunRecord | None) -> str:
    """Return why a file was not loaded, in a sentence."""
    if file.state is FileState.DUPLICATE:
        return file.detail or f"Its content is that of file {file.duplicate_of}, and each content is loaded once."
    if file.reason == _RUN_FAILED and run is not None and run.error:
        return f"Its run {run.run_id} failed with {run.error}: {error_message(run.cause) or 'no cause is known'}"
    return file.detail or "The ledger does not say why."


def next_step(file: FileRecord) -> str:
    """Return what to do so that the rows of a file are loaded, with the command."""
    again = f"`lake quarantine replay {file.dataset} --file {file.file_id}`"
    if file.state is FileState.DUPLICATE:
        return f"Nothing: the rows are those of file {file.duplicate_of}; `lake quarantine show {file.duplicate_of}`."
    if file.reason in {MISSING, SUPERSEDED}:
        return f"Drop the file again, under a name of its own: `lake drop {file.dataset} FILE`."
    if file.reason == TOO_MANY_DELETED:
        return f"If the file is cut off, drop a whole one; if the rows are really gone, {again[:-1]} --accept-deletes`."
    if file.state is FileState.FAILED:
        return f"Correct the cause (`lake run show {file.run_id}` has all of it), then {again}."
    return f"Correct the file and drop it again; if the contract is at fault, correct that, `lake up`, then {again}."
