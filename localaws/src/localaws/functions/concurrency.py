"""AWS Lambda's rules for how many invocations may run at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FULL_ACCOUNT_UNRESERVED = 100
NEW_ACCOUNT, FULL_ACCOUNT = 10, 1_000
FUNCTION_BYTES = 256 * 2**20
"""What a function of Python with boto3 and a few libraries takes, or less."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0


def default_limit(memory_bytes: int) -> int:
    """Return how many functions a machine can run at once with half of its memory; between AWS's own limits."""
    return max(NEW_ACCOUNT, min(FULL_ACCOUNT, memory_bytes // 2 // FUNCTION_BYTES))


def reservation_fault(limit: int, reserved: int) -> str | None:
    """Return AWS's message when functions reserve so much of an account's limit that too little is left for others.

    At least 100 stay unreserved; in an account with a lower limit, all of it.
    """
    minimum = min(limit, FULL_ACCOUNT_UNRESERVED)
    if limit - reserved >= minimum:
        return None
    return (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
        f"below its minimum value of [{minimum}]."
    )


def pauses() -> Iterator[float]:
    """Return the seconds between two attempts to start a throttled event, which grow without end."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
