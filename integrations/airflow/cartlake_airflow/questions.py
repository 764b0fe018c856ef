"""What a task waits for, as questions to the ledger: a file is loaded, a run has ended, tables are rebuilt.

An answer is Waiting, Done or Failed. Questions and answers are plain values, which a trigger can be made of.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cartlake_airflow.errors import BadTaskError
from cartlake_airflow.lake import Lake, text
from cartlake_airflow.ledger import Item, Ledger, file_under

MOST_DUPLICATES: Final = 10
"""How many files are followed from one duplicate to the next."""


@dataclass(frozen=True)
class Answer:
    """How it is. `result` is the XCom of a task that is done, `message` says why it failed or what it waits for.

    `again`: whether a retry of the task that dropped the file or started the run begins anew by itself.
    """

    state: Literal["waiting", "done", "failed"]
    message: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    again: bool = False


def waiting(message: str) -> Answer:
    """Return the answer that it is not over yet."""
    return Answer("waiting", message)


def ask(lake: Lake, question: str, about: str) -> Answer:
    """Return how it is now with `about`, which is what the function of the question takes.

    Raises BadTaskError for a question that there is not.
    """
    match question:
        case "key_is_loaded":
            return key_is_loaded(Ledger(lake), about)
        case "file_is_loaded":
            return file_is_loaded(Ledger(lake), about)
        case "run_has_ended":
            return run_has_ended(Ledger(lake), about)
        case "tables_are_rebuilt":
            return tables_are_rebuilt(Ledger(lake), about)
        case "lock_is_released":
            return lock_is_released(Ledger(lake), about)
    raise BadTaskError(f"There is no question {question!r} to the ledger.")


def key_is_loaded(ledger: Ledger, key: str) -> Answer:
    """Answer whether the file under a key of the raw bucket is loaded, which may not have come yet."""
    found = file_under(ledger.lake, key)
    return waiting(f"there is no object {key} yet") if found is None else file_is_loaded(ledger, found)


def file_is_loaded(ledger: Ledger, file_id: str) -> Answer:
    """Answer whether the rows of a file are in its table, and the run that loaded them has ended.

    A duplicate is done once the file with its content is loaded. The counts are those of the run, of all its files.
    """
    file = ledger.file(file_id)
    if file is None:
        return waiting("the lake has not received the file yet")
    content = _who_carries_the_content(ledger, file)
    match content["state"]:
        case "LOADED":
            return _loaded(ledger, file, content)
        case "REJECTED" | "FAILED":
            return _refused(file, content)
        case state:
            return waiting(f"the file is {state}")


def _who_carries_the_content(ledger: Ledger, file: Item) -> Item:
    for _ in range(MOST_DUPLICATES):
        if file["state"] != "DUPLICATE" or (other := ledger.file(text(file, "duplicate_of"))) is None:
            break
        file = other
    return file


def _loaded(ledger: Ledger, file: Item, content: Item) -> Answer:
    run_id = text(content, "run_id")
    run = ledger.run(run_id)
    if run is not None and run["state"] == "RUNNING":
        return waiting(f"run {run_id} is about to end")
    counts = (run or {}).get("counts") or {}
    rows = {name: int(counts[name]) for name in ("read", "published", "quarantined", "duplicate") if name in counts}
    found = {"file_id": file["file_id"], "key": file["key"], "dataset": file["dataset"], "state": file["state"]}
    return Answer("done", result={**found, "run_id": run_id, "files": int((run or {}).get("files", 0)), "rows": rows})


def _refused(file: Item, content: Item) -> Answer:
    of_other = "" if file is content else f" It is a duplicate of {content['key']}, which was not loaded."
    replay = f"lake quarantine replay {content['dataset']} --file {content['file_id']}"
    message = (
        f"File {file['key']} ({file['file_id']}) is {content['state']}: {text(content, 'reason')}. "
        f"{text(content, 'detail')}{of_other} Correct it and clear the task that dropped it, or replay it: `{replay}`."
    )
    return Answer("failed", message, again=content["state"] == "FAILED")


def run_has_ended(ledger: Ledger, run_id: str) -> Answer:
    """Answer whether a run has ended, and how."""
    run = ledger.run(run_id)
    if run is None:
        return waiting(f"run {run_id} has not begun its first step yet")
    match run["state"]:
        case "SUCCEEDED":
            return Answer("done", result={"run_id": run_id, "state": "SUCCEEDED"})
        case "FAILED":
            why = f"{text(run, 'error')}: {text(run, 'cause')}"[:2000]
            message = f"Run {run_id} failed with {why}. `lake logs {run_id}` has more."
            return Answer("failed", message, again=True)
    return waiting(f"run {run_id} is {run['state']}")


def tables_are_rebuilt(ledger: Ledger, run_id: str) -> Answer:
    """Answer whether all that is built from what this run changed is rebuilt.

    Asked of a run that has ended: its changes are on record then. Asked in this order, since a refresh that took the
    changes before the first read still holds the lock at the second, and has put them back or not at the third.
    """
    loaded = run_has_ended(ledger, run_id)
    if loaded.state != "done":
        return loaded
    if ledger.waits_for_rebuild(run_id):
        return waiting(f"no refresh has begun for what run {run_id} changed")
    refresh = ledger.lock_holder("refresh")
    if refresh is not None and ledger.is_rebuilt_by(refresh, run_id):
        return waiting(f"refresh {refresh} is running")
    if ledger.failed_to_rebuild(run_id):
        message = (
            f"The refresh of what run {run_id} changed failed. `lake runs --dataset refresh` says why; the next "
            "refresh takes it, which StartRunOperator or the next file starts. Clear this task then."
        )
        return Answer("failed", message)
    return Answer("done", result={"run_id": run_id})


def lock_is_released(ledger: Ledger, about: str) -> Answer:
    """Answer whether a run has released a lock, given as `<workflow>/<run>`."""
    workflow, _, run_id = about.partition("/")
    if ledger.lock_holder(workflow) == run_id:
        return waiting(f"{run_id} has the lock of {workflow}")
    return Answer("done")
