"""Leases: a table is rewritten only while this run holds its dataset's lock, and given back when others wait."""

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
    """What became of a request for a lock: `held`, or `busy` and the run that has it; and whether runs wait for it."""

    outcome: str
    run_id: str | None
    waiting: bool


@dataclass(frozen=True, slots=True)
class Coordinator:
    """The function run_coordinator, which gives and takes back all locks."""

    function: str
    run_id: str

    def hold(self, owner: str) -> Answer:
        """Take, or keep, the lock of a dataset or workflow. Raises RunOverError when this run has ended."""
        said = self._ask("hold", owner)
        if said["outcome"] == "over":
            raise RunOverError(
                f"Run {self.run_id} has ended according to the ledger, so its job stops here. "
                f"`lake run show {self.run_id}` says why."
            )
        return Answer(said["outcome"], said["run_id"], bool(said["waiting"]))

    def release(self, owner: str) -> None:
        """Give the lock back; a run that waits for it starts."""
        self._ask("release", owner)

    def _ask(self, action: str, owner: str) -> dict[str, str]:
        payload = json.dumps({"action": action, "subject": owner, "run_id": self.run_id}).encode()
        with aws_errors():
            answer = client("lambda").invoke(FunctionName=self.function, Payload=payload)
            said = answer["Payload"].read().decode()
        if "FunctionError" in answer:
            raise TransientError(f"{self.function} could not {action} {owner}: {said[:500]}")
        found: dict[str, str] = json.loads(said)
        return found


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to rewrite the tables of one owner. `owner` is None for tables that all runs append to."""

    coordinator: Coordinator
    owner: str | None

    def others_wait(self) -> bool:
        """Whether a run waits for this owner. Raises LostLeaseError if another run has the lock."""
        if self.owner is None:
            return False
        answer = self.coordinator.hold(self.owner)
        if answer.outcome != "held":
            raise LostLeaseError(f"the lock of {self.owner} was taken by {answer.run_id}")
        return answer.waiting


@dataclass(frozen=True)
class Budget:
    """For how many seconds the job begins new steps. What is left is for the next run."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    started: float = field(default_factory=time.monotonic)

    @property
    def spent(self) -> bool:
        return self.clock() - self.started > self.seconds


@contextmanager
def leased(coordinator: Coordinator, owner: str | None) -> Iterator[Lease | Answer]:
    """A lease of the owner's tables, or, without waiting, the answer that says who has them. It is given back."""
    if owner is None:
        yield Lease(coordinator, None)
        return
    answer = coordinator.hold(owner)
    if answer.outcome != "held":
        yield answer
        return
    try:
        if answer.waiting:  # files came first: releasing the lock starts their run
            yield Answer("busy", "a run that is about to start", waiting=True)
        else:
            yield Lease(coordinator, owner)
    finally:
        coordinator.release(owner)
