"""Deploys a release, tests it on the environment itself, and brings the one before back when the test fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cartlake.ledger import FileState, RunState
from cartlake.times import stamp, utc_now
from cartlake_cli.costs.records import started_since
from cartlake_cli.deployment.releases import StepError
from cartlake_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cartlake.ledger import FileRecord, Ledger, RunRecord
    from cartlake_cli.deployment.releases import Release


class RollbackError(CommandError):
    """The release before could not be brought back, so the environment needs a person."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What is loaded again after a rollback: the rows and files of a run, or files that never came into one."""

    dataset: str
    run_id: str | None = None
    file_ids: tuple[str, ...] = ()

    @property
    def arguments(self) -> list[str]:
        """The arguments of `lake` that replay it."""
        chosen = ["--run", self.run_id] if self.run_id else [one for each in self.file_ids for one in ("--file", each)]
        return ["quarantine", "replay", self.dataset, *chosen]


@dataclass(frozen=True, slots=True)
class Deployment:
    """How a deployment ended. `fault` is None when the release is in use, else why the one before is.

    `replays` were loaded again by it; `loaded` are runs that the release had published meanwhile.
    """

    fault: str | None = None
    replays: Sequence[Replay] = field(default_factory=list)
    loaded: Sequence[str] = field(default_factory=list)


def deploy(
    release: Release, previous: Release | None, ledger: Callable[[], Ledger], smoke: Sequence[str] = ()
) -> Deployment:
    """Deploy a release and test it; on a fault bring the previous one back and replay what the release refused.

    `smoke` are options of the smoke test.

    Raises StepError when there is no previous release, RollbackError when bringing it back failed.
    """
    for each in (release, *([previous] if previous else [])):
        each.check()
    begun = utc_now()
    try:
        release.deploy()
        release.smoke(smoke)
    except StepError as fault:
        if previous is None:
            raise
        return _roll_back(previous, ledger, begun, str(fault), smoke)
    return Deployment()


def _roll_back(
    previous: Release, ledger: Callable[[], Ledger], begun: datetime, fault: str, smoke: Sequence[str]
) -> Deployment:
    try:
        previous.deploy()
        previous.smoke(smoke)
        files = ledger().files.list()
        runs = started_since(ledger(), {file.dataset for file in files}, begun)
        replays = [*refused_by(runs), *rejected_since(files, begun)]
        for replay in replays:
            previous.lake(*replay.arguments)
    except StepError as second:
        raise RollbackError(
            f"The release failed, and {previous.root.name} could not be brought back.\nThe release: {fault}\n"
            f"The rollback: {second}\nNothing was deleted. Mend the cause, then deploy {previous.root.name} again."
        ) from second
    return Deployment(fault, replays, [run.run_id for run in runs if run.state is RunState.SUCCEEDED and run.files])


def refused_by(runs: Sequence[RunRecord]) -> list[Replay]:
    """Return replays of the runs that failed or quarantined rows."""
    return [
        Replay(run.subject, run.run_id)
        for run in runs
        if run.state is RunState.FAILED or (run.counts is not None and run.counts.quarantined)
    ]


def rejected_since(files: Sequence[FileRecord], begun: datetime) -> list[Replay]:
    """Return replays of the files that were rejected since a moment without coming into a run, by dataset."""
    rejected: dict[str, list[str]] = {}
    for file in files:
        if file.state is FileState.REJECTED and not file.run_id and file.received_at >= stamp(begun):
            rejected.setdefault(file.dataset, []).append(file.file_id)
    return [Replay(dataset, file_ids=tuple(ids)) for dataset, ids in sorted(rejected.items())]
