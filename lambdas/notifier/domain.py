"""What a mail about a rejected file says."""

from dataclasses import dataclass
from typing import Final

MOST_AN_HOUR: Final = 10
"""Mails about files of one dataset in an hour of the clock. A broken export may drop thousands of files."""

_MAX_SUBJECT: Final = 100
"""SNS takes subjects of fewer characters."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that was rejected: `reason` is a code, `message` explains it."""

    dataset: str
    file_id: str
    key: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Mail:
    """Subject and text of a message. The subject is ASCII without line breaks, as SNS wants it."""

    subject: str
    text: str


def mail_of(file: Rejected, environment: str, number: int) -> Mail | None:
    """Return the `number`th mail of this hour about a dataset, None when there were enough."""
    if number > MOST_AN_HOUR:
        return None
    subject = f"Cartlake {environment}: a file of {file.dataset} was rejected ({file.reason})"
    printable = "".join(char if char.isascii() and char.isprintable() else "?" for char in subject)
    lake = f"lake --env {environment}"
    lines = [
        f"{file.key} was rejected, so none of its rows is in the lake.",
        "",
        f"Dataset: {file.dataset}",
        f"Reason:  {file.reason}: {file.message}",
        f"File id: {file.file_id}",
        "",
        f"Why, in detail:           {lake} quarantine show {file.file_id}",
        f"After a corrected file:   {lake} drop {file.dataset} FILE --wait",
        f"After a corrected contract: {lake} quarantine replay {file.dataset} --file {file.file_id}",
    ]
    if number == MOST_AN_HOUR:
        lines += [
            "",
            f"Further files of {file.dataset} this hour send no mail: {lake} files --state REJECTED lists them.",
        ]
    return Mail(printable[: _MAX_SUBJECT - 1], "\n".join(lines))
