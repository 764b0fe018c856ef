"""Applications: created, started by their first job run, stopped when they are idle, deleted."""

from __future__ import annotations

import contextvars
import re
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from localaws.emr_serverless import events
from localaws.emr_serverless.errors import ConflictError, EmrServerlessError, InvalidError
from localaws.emr_serverless.state import APPLICATIONS, ENDED, JOB_RUNS, Record, application, arn, changed, made_once
from localaws.emr_serverless.state import new_id as _new_id
from localaws.settings import load

if TYPE_CHECKING:
    from collections.abc import Mapping

RELEASE: Final = re.compile(r"emr-(?P<major>[67])\.(?P<minor>\d+)\.\d+")
FIRST_RELEASE: Final = (6, 6)
"""The oldest release of EMR Serverless."""

AT_REST: Final = frozenset({"CREATED", "STOPPED"})
DEFAULTS: Final = {
    "architecture": "X86_64",
    "autoStartConfiguration": {"enabled": True},
    "autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": 15},
}
QUEUEING: Final = {"queueTimeoutMinutes": 360, "maxConcurrentRuns": 15}
"""What an application of emr-7 or newer has without a scheduler configuration of its own."""

NOT_KEPT: Final = frozenset({"clientToken", "applicationId"})


def create(request: Mapping[str, Any]) -> Record:
    """Make an application, once for a client token, and return what CreateApplication answers."""
    _check_release(request["releaseLabel"])
    if request["type"].upper() != "SPARK":
        raise InvalidError("The local runner has Spark applications only")
    application_id = made_once("CreateApplication", request, lambda: _made(request))
    record = application(application_id)
    return {"applicationId": application_id, "name": record.get("name"), "arn": record["arn"]}


def _check_release(label: str) -> None:
    found = RELEASE.fullmatch(label)
    if not found or (int(found["major"]), int(found["minor"])) < FIRST_RELEASE:
        raise InvalidError(f"Release label {label} is not supported: it must be emr-6.6.0 or newer")


def _made(request: Mapping[str, Any]) -> str:
    application_id, now = _new_id(), time.time()
    given = {name: value for name, value in request.items() if name not in NOT_KEPT and value is not None}
    scheduler = QUEUEING if request["releaseLabel"].startswith("emr-7") else None
    APPLICATIONS[application_id] = {
        **DEFAULTS,
        **({"schedulerConfiguration": scheduler} if scheduler else {}),
        **given,
        "type": "Spark",
        "tags": given.get("tags", {}),
        "applicationId": application_id,
        "arn": arn(f"/applications/{application_id}"),
        "state": "CREATING",
        "stateDetails": "",
        "createdAt": now,
        "updatedAt": now,
    }
    events.application_changed(application(application_id), "")
    _become(application_id, "CREATED")
    return application_id


def _become(application_id: str, state: str) -> None:
    previous = application(application_id)["state"]
    events.application_changed(changed(APPLICATIONS, application_id, state=state), previous)


def update(request: Mapping[str, Any]) -> Record:
    """Change an application that is at rest. Raises InvalidError for one that is started."""
    found = application(request["applicationId"])
    _require_rest(found, "updated")
    if request.get("releaseLabel"):
        _check_release(request["releaseLabel"])
    given = {name: value for name, value in request.items() if name not in NOT_KEPT and value is not None}
    return {"application": changed(APPLICATIONS, found["applicationId"], **given)}


def start(application_id: str) -> None:
    """Start an application; one that is started stays so. Raises ConflictError for one that was deleted."""
    state = application(application_id)["state"]
    if state == "TERMINATED":
        raise ConflictError(f"Application {application_id} is TERMINATED")
    if state in AT_REST:
        _become(application_id, "STARTING")
        _become(application_id, "STARTED")


def start_for_run(application_id: str) -> None:
    """Start an application for a job run. Raises ConflictError where it does not start by itself."""
    found = application(application_id)
    if found["state"] in AT_REST and not found["autoStartConfiguration"].get("enabled", True):
        raise ConflictError(f"Application {application_id} is {found['state']} and does not start by itself")
    start(application_id)


def stop(application_id: str) -> None:
    """Stop an application. Raises InvalidError while job runs are under way."""
    found = application(application_id)
    if under_way(application_id):
        raise InvalidError(f"Application {application_id} has job runs under way: cancel them, or wait")
    if found["state"] == "STARTED":
        _become(application_id, "STOPPING")
        _become(application_id, "STOPPED")


def delete(application_id: str) -> None:
    """Delete an application that is at rest; its record stays as TERMINATED. Raises InvalidError for a started one."""
    _require_rest(application(application_id), "deleted")
    _become(application_id, "TERMINATED")


def _require_rest(found: Record, verb: str) -> None:
    if found["state"] not in AT_REST:
        allowed = f"only one that is CREATED or STOPPED can be {verb}"
        raise InvalidError(f"Application {found['applicationId']} is {found['state']}: {allowed}")


def under_way(application_id: str) -> list[Record]:
    """Return the job runs of an application that have not ended."""
    return [run for run in JOB_RUNS.values() if run["applicationId"] == application_id and run["state"] not in ENDED]


def stop_when_idle(application_id: str) -> None:
    """Stop an application when it has had no job run for its idle timeout from now on."""
    idle = application(application_id)["autoStopConfiguration"]
    if not idle.get("enabled", True):
        return
    seconds = float(idle.get("idleTimeoutMinutes") or 15) * load().glue_minute_seconds
    timer = threading.Timer(seconds, contextvars.copy_context().run, args=(_stop_if_idle, application_id, seconds))
    timer.daemon = True
    timer.start()


def _stop_if_idle(application_id: str, seconds: float) -> None:
    ended = [run["updatedAt"] for run in JOB_RUNS.values() if run["applicationId"] == application_id]
    if time.time() - max(ended, default=0.0) < seconds * 0.9:
        return  # another run ended since, which has a timer of its own
    try:
        stop(application_id)
    except EmrServerlessError:
        return  # a run is under way
