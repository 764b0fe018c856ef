"""Runs that wait for the end of a gather window before they take the lock of their subject."""

from typing import Any

from pydantic import BaseModel

from lambdas.shared.clients import ledger
from lambdas.shared.entry import logger


class Waiting(BaseModel):
    """What the state of an execution says about its wait: `wait_seconds` of one that is to wait first, else 0.

    `claim` is there once its first step was called.
    """

    wait_seconds: int = 0
    claim: dict[str, Any] | None = None

    @property
    def is_to_wait(self) -> bool:
        """Whether the execution waits now: it was started within the window, and has not waited yet."""
        return self.wait_seconds > 0 and self.claim is None

    @property
    def has_waited(self) -> bool:
        """Whether the execution has waited."""
        return self.wait_seconds > 0 and self.claim is not None


def begin(subject: str, run_id: str) -> bool:
    """Take the lock for a run that has waited, and record that it waits no longer. Returns False if another has it.

    In this order, and before pending work is looked for: work that finds neither starts a run of its own.
    """
    planned = ledger().next_runs.get(subject)
    taken = ledger().locks.acquire(subject, run_id)
    if taken and planned is not None and planned.run_id == run_id:
        ledger().locks.note_execution(subject, run_id, planned.execution_arn)
    ledger().next_runs.begin(subject, run_id)
    logger.info("run_has_waited", subject=subject, run_id=run_id, lock_taken=taken)
    return taken
