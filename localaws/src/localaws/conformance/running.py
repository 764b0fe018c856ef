"""Runs checks one after another, and says of each what the endpoint did."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from localaws.conformance.errors import OtherAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localaws.conformance.checks import Check
    from localaws.conformance.target import Target

AS_AWS, OTHER, MISSING, NO_ANSWER = "as AWS", "other answer", "not available", "no answer"
_UNKNOWN = frozenset({
    "501", "InvalidAction", "NotImplemented", "UnknownOperationException", "UnsupportedOperation", "UnknownService",
    "InternalFailure", "NotSupported", "InvalidActionException",
})  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What the endpoint did in one check: the state, the reason if it is not as AWS, and how long it took."""

    check: Check
    state: str
    reason: str
    seconds: float


def run(target: Target, checks: Iterable[Check]) -> Iterator[Outcome]:
    """Run each check with a new name, and delete what it created. Yields the outcomes as they come."""
    for one in checks:
        begun = time.monotonic()
        state, reason = _tried(target, one)
        yield Outcome(one, state, reason, time.monotonic() - begun)


def _tried(target: Target, one: Check) -> tuple[str, str]:
    target.begin()
    try:
        one.body(target)
    except OtherAnswerError as error:
        return OTHER, str(error)
    except ClientError as error:
        status = str(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode"))
        unknown = {error.response["Error"]["Code"], status} & _UNKNOWN
        return (MISSING if unknown else OTHER), str(error)
    except BotoCoreError as error:
        return NO_ANSWER, str(error)
    except (KeyError, IndexError, TypeError, ValueError) as error:  # an answer without what AWS always sends
        return OTHER, f"an answer without {error}" if isinstance(error, KeyError) else repr(error)
    finally:
        target.clean_up()
    return AS_AWS, ""
