"""Changes of a file's state, as actions of one transaction; each names the states it may start from."""

from collections.abc import Sequence
from typing import Any, Final

from boto3.dynamodb.conditions import Attr, ConditionBase

from cartlake.ledger.keys import duplicate_key, file_key, pending_key, state_index
from cartlake.ledger.models import FileRecord, FileState
from cartlake.ledger.table import Action, Item, Key, all_of, check, delete, put, update
from cartlake.times import stamp, utc_now

LOST_STATES: Final = (FileState.FAILED, FileState.REJECTED)
"""States in which a file does not stand for its content, so that the next file with it may."""

NOBODY_JOINED: Final = Attr("duplicates").not_exists()


def move(
    record: FileRecord, state: FileState, start: Sequence[FileState], *, claimed_by: str | None = None, **found: Any
) -> Action:
    """Change a file's state from one of `start`; with `claimed_by`, only if that run has claimed it."""
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
    """The file stands for its content, if `owner` still holds, and waits for the next run."""
    return [
        move(record, FileState.VALIDATED, [record.state], **found),
        update(content, {"file_id": record.file_id}, when=owner),
        put(pending_key(record), {"file_id": record.file_id}),
    ]


def take_over(record: FileRecord, content: Key, found: Item, lost_owner: str) -> list[Action]:
    """The same, while the file that stood for the content until now is lost."""
    still_lost = check(file_key(lost_owner), when=_is_lost())
    return [*take(record, content, found, Attr("file_id").eq(lost_owner)), still_lost]


def join(record: FileRecord, content: Key, found: Item, owner: str) -> list[Action]:
    """Another file stands for this content; remember this one, in case that one is lost before it is loaded."""
    return [
        move(record, FileState.DUPLICATE, [record.state], **found, duplicate_of=owner),
        update(content, {}, when=Attr("file_id").eq(owner), add={"duplicates": 1}),
        put(duplicate_key(content, record.file_id), {"file_id": record.file_id}),
        check(file_key(owner), when=~_is_lost()),
    ]


def give_up(record: FileRecord, content: Key, joined: int | None, reason: str, detail: str) -> list[Action]:
    """The file is FAILED, if nobody has joined its content since `joined` were counted."""
    unchanged = NOBODY_JOINED if joined is None else Attr("duplicates").eq(joined)
    return [
        move(record, FileState.FAILED, [FileState.VALIDATED], reason=reason, detail=detail),
        delete(pending_key(record)),
        check(content, when=unchanged),
    ]


def hand_over(record: FileRecord, heir: FileRecord, content: Key, reason: str, detail: str) -> list[Action]:
    """The file and its duplicate change places."""
    return [
        move(
            record, FileState.DUPLICATE, [FileState.VALIDATED], reason=reason, detail=detail, duplicate_of=heir.file_id
        ),
        delete(pending_key(record)),
        move(heir, FileState.VALIDATED, [FileState.DUPLICATE], duplicate_of=None),
        put(pending_key(heir), {"file_id": heir.file_id}),
        delete(duplicate_key(content, heir.file_id)),
        update(content, {"file_id": heir.file_id}, when=Attr("file_id").eq(record.file_id)),
    ]


def _is_lost() -> ConditionBase:
    return Attr("state").is_in([str(state) for state in LOST_STATES])
