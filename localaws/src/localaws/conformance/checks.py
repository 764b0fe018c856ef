"""A check of one behaviour, the register of all checks, and how a check says what it expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localaws.conformance.errors import OtherAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws.conformance.target import Target

    Body = Callable[[Target], None]


@dataclass(frozen=True)
class Check:
    """One behaviour of AWS: the service, what AWS does, in words, and the function that tries it."""

    service: str
    behaviour: str
    body: Body


CHECKS: list[Check] = []


def check(service: str, behaviour: str) -> Callable[[Body], Body]:
    """Return a decorator that registers a function as a check."""

    def register(body: Body) -> Body:
        CHECKS.append(Check(service, behaviour, body))
        return body

    return register


def equal(answer: Any, expected: Any) -> None:
    """Raise OtherAnswerError unless the answer is what AWS answers."""
    if answer != expected:
        raise OtherAnswerError(f"answered {answer!r}, AWS {expected!r}")


def refused(codes: str | tuple[str, ...], call: Callable[..., Any], **request: Any) -> ClientError:
    """Return the error of a call that AWS refuses with one of these codes.

    Raises OtherAnswerError when the call succeeds, or fails with another code.
    """
    wanted = (codes,) if isinstance(codes, str) else codes
    try:
        call(**request)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in wanted or str(error.response["ResponseMetadata"].get("HTTPStatusCode")) in wanted:
            return error
        raise
    raise OtherAnswerError(f"succeeded, AWS answers {' or '.join(wanted)}")


def mentions(error: ClientError, words: str) -> None:
    """Raise OtherAnswerError unless the message of an error has these words: a code may have several reasons."""
    if words not in str(error):
        raise OtherAnswerError(f"answered {error}, AWS's message has {words!r}")
