"""Glue's limits of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.strict.rules.rule import Refusal, rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.strict.rules.rule import Account

TIMEOUT_MINUTES = 10_080
FEWEST_WORKERS = 2
WITHOUT_EXECUTORS = frozenset({"pythonshell", "glueray"})


@rule("glue", "CreateJob", "UpdateJob", "StartJobRun")
def job(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse settings of a job, or of a run, that Glue cannot run."""
    settings = members.get("JobUpdate") or members
    problem = job_fault(settings)
    return Refusal("InvalidInputException", problem) if problem else None


def job_fault(settings: Mapping[str, Any]) -> str | None:
    """Return why Glue refuses these settings; None when it takes them."""
    minutes, workers, worker_type = (settings.get(name) for name in ("Timeout", "NumberOfWorkers", "WorkerType"))
    if isinstance(minutes, int) and minutes > TIMEOUT_MINUTES:
        return f"Timeout {minutes} is more than the maximum of {TIMEOUT_MINUTES} minutes (7 days)."
    if worker_type and "MaxCapacity" in settings:
        return "Please do not set Max Capacity if using Worker Type and Number of Workers."
    if (settings.get("Command") or {}).get("Name") in WITHOUT_EXECUTORS:
        return None
    if worker_type and isinstance(workers, int) and workers < FEWEST_WORKERS:
        return f"To use Worker Type {worker_type}, minimum allowed value of Number of Workers is {FEWEST_WORKERS}."
    return None
