"""What the run coordinator is asked for, and what it may answer."""

import io
import json

import pytest

from cartlake.maintenance.documents import MaintenanceRequest
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.coordinator import start_maintenance, start_run

RUN_ID = "maintenance-20260131T084000-bbbbbb"


def answers(others, **said):
    failed = {"FunctionError": "Unhandled"} if "errorMessage" in said else {}
    others.invoke = lambda **request: (
        others.invoked.append(json.loads(request["Payload"]))
        or {"Payload": io.BytesIO(json.dumps(said).encode()), **failed}
    )


class TestRun:
    def test_a_run_of_a_dataset_is_asked_for(self, lake, others):
        answers(others, outcome="started", run_id="events-20260131T080000-cccccc")

        start_run(lake, "events")

        assert others.invoked == [{"action": "start", "subject": "events", "at_once": True}]

    def test_one_that_is_running_already_is_no_error(self, lake, others):
        answers(others, outcome="already_running", run_id="events-20260131T080000-cccccc")

        start_run(lake, "events")

        assert len(others.invoked) == 1

    def test_a_coordinator_that_fails_says_why_and_for_what(self, lake, others):
        answers(others, errorMessage="no such machine")

        with pytest.raises(CommandError, match="run of events could not be started: no such machine"):
            start_run(lake, "events")


class TestMaintenance:
    def test_the_coordinator_is_told_what_was_asked_for(self, lake, others):
        answers(others, outcome="started", run_id=RUN_ID)

        assert start_maintenance(lake, MaintenanceRequest(tables=["processed.fx_rates"], force=True)) == RUN_ID

        assert others.invoked == [
            {"action": "maintain", "tables": ["processed.fx_rates"], "force": True, "keep_snapshots_days": None}
        ]

    def test_one_that_is_at_work_is_named(self, lake, others):
        answers(others, outcome="already_running", run_id=RUN_ID)

        with pytest.raises(CommandError, match=f"running already: run {RUN_ID}"):
            start_maintenance(lake, MaintenanceRequest())

    def test_a_coordinator_that_fails_says_why(self, lake, others):
        answers(others, errorMessage="no such machine")

        with pytest.raises(CommandError, match="could not be started: no such machine"):
            start_maintenance(lake, MaintenanceRequest())
