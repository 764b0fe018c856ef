"""Emits the event "Glue Job State Change" and the job metrics when a job run ends.

MiniStack emits none. The Spark runner calls `emit_job_state_change` when a run ends.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch, eventbridge, glue

from localaws.hooks import wrap
from localaws.job_runs import RUNNING_STATES

logger = logging.getLogger("localaws.glue_events")

END_STATES = frozenset({"SUCCEEDED", "FAILED", "TIMEOUT", "STOPPED"})
INTERRUPTED = "the embedded AWS ended while this run was in progress"
# Time for the server to load all state and to answer, before the runs that were interrupted are reported.
EMIT_AFTER_SECONDS = 3.0


def emit_job_state_change(job_name: str, run_id: str, state: str, message: str) -> None:
    """Emit the event and metric of the end of a run, in the account and region of the calling context.

    `state` is one of SUCCEEDED, FAILED, TIMEOUT, STOPPED; `message` is the run's error message or a sentence.
    Raises ValueError for any other state.
    """
    if state not in END_STATES:
        raise ValueError(f"Glue emits no event for the state {state!r}")
    detail = {
        "jobName": job_name,
        "severity": "ERROR" if state in {"FAILED", "TIMEOUT"} else "INFO",
        "state": state,
        "jobRunId": run_id,
        "message": message,
    }
    entry = {"Source": "aws.glue", "DetailType": "Glue Job State Change", "Detail": json.dumps(detail)}
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    metric = "glue.succeed.ALL" if state == "SUCCEEDED" else "glue.error.ALL"
    dimensions = {"JobName": job_name, "JobRunId": "ALL", "Type": "count", "ObservabilityGroup": "error"}
    cloudwatch.record_metric("Glue", metric, 1, "Count", dimensions)


def install() -> None:
    """Fail the runs that were running when the server was killed, and emit their events."""

    def emit(interrupted: list[tuple[str, str, dict[str, Any]]]) -> None:
        for account, region, run in interrupted:
            with request_scope(account, region):
                emit_job_state_change(run["JobName"], run["Id"], "FAILED", INTERRUPTED)

    @wrap(glue, "_restore_state")
    def _(original: Any, data: Any) -> None:
        original(data)
        interrupted = [
            (account, region, run)
            for (account, region, _job), runs in glue._job_runs.all_items()
            for run in runs
            if run["JobRunState"] in RUNNING_STATES
        ]
        for _account, _region, run in interrupted:
            now = int(time.time())
            run |= {"JobRunState": "FAILED", "ErrorMessage": INTERRUPTED, "CompletedOn": now, "LastModifiedOn": now}
        if interrupted:
            logger.warning("%d Glue job runs were interrupted when the server last ended", len(interrupted))
            timer = threading.Timer(EMIT_AFTER_SECONDS, emit, args=(interrupted,))
            timer.daemon = True
            timer.start()
