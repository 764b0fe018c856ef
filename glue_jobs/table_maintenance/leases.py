"""Leases: a table is rewritten only while this run holds its dataset's lock, released when another run waits."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cartlake.aws.clients import aws_errors, client
from cartlake.errors import TerminalError, TransientError


class RunOverError(TerminalError):
    """The ledger says that the run of this job has ended: its execution failed or was stopped."""


class LostLeaseError(TransientError):
    """Another run has the lock now."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer to a request for a lock: `held`, or `busy` and the run that has it; and whether runs wait for it."""

    outcome: str
    run_id: str | None
    waiting: bool


@dataclass(frozen=True, slots=True)
class Coordinator:
    """Client of the function run_coordinator, which grants and releases all locks.

    Its methods raise TransientError when the function fails.
    """

    function: str
    run_id: str

    def hold(self, owner: str) -> Answer:
        """Take, or keep, the lock of a dataset or workflow. Raises RunOverError when this run has ended."""
        answer = self._ask("hold", owner)
        if answer["outcome"] == "over":
            raise RunOverError(
                f"Run {self.run_id} has ended according to the ledger, so its job stops here. "
                f"`lake run show {self.run_id}` says why."
            )
        return Answer(answer["outcome"], answer["run_id"], bool(answer["waiting"]))

    def release(self, owner: str) -> None:
        """Release the lock; a run that waits for it is started."""
        self._ask("release", owner)

    def _ask(self, action: str, owner: str) -> dict[str, str]:
        payload = json.dumps({"action": action, "subject": owner, "run_id": self.run_id}).encode()
        with aws_errors():
            response = client("lambda").invoke(FunctionName=self.function, Payload=payload)
            body = response["Payload"].read().decode()
        if "FunctionError" in response:
            raise TransientError(f"{self.function} could not {action} the lock of {owner}: {body[:500]}")
        answer: dict[str, str] = json.loads(body)
        return answer


@dataclass(frozen=True, slots=True)
class Lease:
    """The lock that lets this run rewrite one owner's tables. `owner` None: tables that all runs append to, no lock."""

    coordinator: Coordinator
    owner: str | None

    def others_wait(self) -> bool:
        """Return whether a run waits for this owner. Raises LostLeaseError if another run has the lock."""
        if self.owner is None:
            return False
        answer = self.coordinator.hold(self.owner)
        if answer.outcome != "held":
            raise LostLeaseError(f"the lock of {self.owner} was taken by {answer.run_id}")
        return answer.waiting


@dataclass(frozen=True)
class Budget:
    """The seconds within which the job begins new steps; the next run does the rest."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    started: float = field(default_factory=time.monotonic)

    @property
    def spent(self) -> bool:
        return self.clock() - self.started > self.seconds


@contextmanager
def leased(coordinator: Coordinator, owner: str | None) -> Iterator[Lease | Answer]:
    """Yield a lease of the owner's tables, or the answer that names the run that has them, without waiting.

    A lock taken here is released at the end.
    """
    if owner is None:
        yield Lease(coordinator, None)
        return
    answer = coordinator.hold(owner)
    if answer.outcome != "held":
        yield answer
        return
    try:
        if answer.waiting:  # new files go first: releasing the lock starts their run
            yield Answer("busy", "a run that is about to start", waiting=True)
        else:
            yield Lease(coordinator, owner)
    finally:
        coordinator.release(owner)
