"""Changes of a file's state, as actions of one transaction; each names the states it may start from."""

from collections.abc import Sequence
from typing import Any, Final

from boto3.dynamodb.conditions import Attr, ConditionBase

from cartlake.ledger.items.keys import duplicate_key, file_key, pending_key, state_index
from cartlake.ledger.items.table import Action, Item, Key, all_of, check, delete, put, update
from cartlake.ledger.models import FileRecord, FileState
from cartlake.times import stamp, utc_now

LOST_STATES: Final = (FileState.FAILED, FileState.REJECTED)
"""States of a file that will not be loaded, so that another file with the same content may be."""

NO_DUPLICATES: Final = Attr("duplicates").not_exists()


def move(
    record: FileRecord, state: FileState, start: Sequence[FileState], *, claimed_by: str | None = None, **found: Any
) -> Action:
    """Change a file's state if it is one of `start` and, with `claimed_by`, if that run has claimed the file."""
    # The state is checked by DynamoDB in the transaction, not here: it may change after the file was read.
    condition: ConditionBase = Attr("state").is_in([str(one) for one in start])
    if claimed_by is not None:
        condition = all_of(condition, Attr("run_id").eq(claimed_by))
    attributes = {
        **found,
        "state": str(state),
        "updated_at": stamp(utc_now()),
        "gsi1pk": state_index(record.dataset, state),
    }
    return update(file_key(record.file_id), attributes, when=condition)


def take(record: FileRecord, content: Key, found: Item, owner: ConditionBase) -> list[Action]:
    """Make the file the owner of its content and let it wait for the next run, if the condition `owner` is true."""
    return [
        move(record, FileState.VALIDATED, [record.state], **found),
        update(content, {"file_id": record.file_id}, when=owner),
        put(pending_key(record), {"file_id": record.file_id}),
    ]


def take_over(record: FileRecord, content: Key, found: Item, lost_owner: str) -> list[Action]:
    """Do what `take` does, if the file that owned the content until now is still FAILED or REJECTED."""
    still_lost = check(file_key(lost_owner), when=_is_lost())
    return [*take(record, content, found, Attr("file_id").eq(lost_owner)), still_lost]


def join(record: FileRecord, content: Key, found: Item, owner: str) -> list[Action]:
    """Make the file a duplicate of the owner of its content, recorded in case the owner fails before it is loaded."""
    return [
        move(record, FileState.DUPLICATE, [record.state], **found, duplicate_of=owner),
        # The count lets `give_up` notice a duplicate that is added at the same time.
        update(content, {}, when=Attr("file_id").eq(owner), add={"duplicates": 1}),
        put(duplicate_key(content, record.file_id), {"file_id": record.file_id}),
        check(file_key(owner), when=~_is_lost()),
    ]


def give_up(record: FileRecord, content: Key, joined: int | None, reason: str, detail: str) -> list[Action]:
    """Change the file to FAILED, if no duplicate was added since `joined` was read."""
    return [
        move(record, FileState.FAILED, [FileState.VALIDATED], reason=reason, detail=detail),
        delete(pending_key(record)),
        none_joined(content, joined),
    ]


def none_joined(content: Key, joined: int | None) -> Action:
    """Require that no duplicate was added since `joined` was read: it would wait for a file that is lost."""
    return check(content, when=NO_DUPLICATES if joined is None else Attr("duplicates").eq(joined))


def reject(record: FileRecord, run_id: str, reason: str, detail: str) -> Action:
    """Change a file that the run has claimed to REJECTED."""
    return move(record, FileState.REJECTED, [FileState.CLAIMED], claimed_by=run_id, reason=reason, detail=detail)


def swap_with_duplicate(
    record: FileRecord, duplicate: FileRecord, content: Key, reason: str, detail: str
) -> list[Action]:
    """Swap the states of a file, VALIDATED or CLAIMED, and its duplicate: the duplicate waits for the next run."""
    is_claimed = record.state is FileState.CLAIMED
    return [
        move(
            record,
            FileState.DUPLICATE,
            [FileState.CLAIMED if is_claimed else FileState.VALIDATED],
            claimed_by=record.run_id if is_claimed else None,
            reason=reason,
            detail=detail,
            duplicate_of=duplicate.file_id,
        ),
        delete(pending_key(record)),
        move(duplicate, FileState.VALIDATED, [FileState.DUPLICATE], duplicate_of=None),
        put(pending_key(duplicate), {"file_id": duplicate.file_id}),
        delete(duplicate_key(content, duplicate.file_id)),
        update(content, {"file_id": duplicate.file_id}, when=Attr("file_id").eq(record.file_id)),
    ]


def _is_lost() -> ConditionBase:
    return Attr("state").is_in([str(state) for state in LOST_STATES])
