"""Whose turn it is: a table is rewritten only while nobody else may write it, and others get it back when they wait."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cartlake.aws.clients import aws_errors, client
from cartlake.errors import TerminalError, TransientError


class RunOverError(TerminalError):
    """The run of this job is over on record: its execution failed or was stopped, and others may be at work."""


class LostTurnError(TransientError):
    """Somebody else has the table now."""


@dataclass(frozen=True, slots=True)
class Answer:
    outcome: str
    run_id: str | None
    waiting: bool


@dataclass(frozen=True, slots=True)
class Router:
    """The function run_coordinator, which alone gives and takes locks."""

    function: str
    run_id: str

    def hold(self, owner: str) -> Answer:
        said = self._ask("hold", owner)
        if said["outcome"] == "over":
            raise RunOverError(f"Run {self.run_id} is over on record, so its job ends here. `lake runs` says why.")
        return Answer(said["outcome"], said["run_id"], bool(said["waiting"]))

    def release(self, owner: str) -> None:
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
class Turn:
    """The right to write the tables of one owner. `owner` is None for tables that everybody appends to."""

    router: Router
    owner: str | None

    def others_wait(self) -> bool:
        """Whether a run waits for this owner. Raises LostTurnError if the lock went to somebody else."""
        if self.owner is None:
            return False
        answer = self.router.hold(self.owner)
        if answer.outcome != "held":
            raise LostTurnError(f"{self.owner} was taken by {answer.run_id}")
        return answer.waiting


@dataclass(frozen=True)
class Budget:
    """How long the job begins new steps. What is left is for the next run."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    started: float = field(default_factory=time.monotonic)

    @property
    def spent(self) -> bool:
        return self.clock() - self.started > self.seconds


@contextmanager
def turn_at(router: Router, owner: str | None) -> Iterator[Turn | Answer]:
    """A turn at the owner's tables, or, without waiting, the answer that says who has them. It is given back."""
    if owner is None:
        yield Turn(router, None)
        return
    answer = router.hold(owner)
    if answer.outcome != "held":
        yield answer
        return
    try:
        if answer.waiting:  # files came before us: theirs is the turn, and releasing starts their run
            yield Answer("busy", "a run that is about to start", waiting=True)
        else:
            yield Turn(router, owner)
    finally:
        router.release(owner)
