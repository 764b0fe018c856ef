"""What a job tells the state machine that waits for it."""

import pytest
from botocore.exceptions import ClientError

from cartlake.errors import TerminalError, TransientError
from cartlake.runs.bad_files import BadFile, BadFilesError
from glue_jobs.shared import reporting

BAD = BadFile(file_id="f1", uri="s3://raw/incoming/vendors/a.csv", reason="unreadable", detail="Broken.")


class FakeStates:
    def __init__(self, error=None):
        self.failed, self.error = [], error

    def send_task_failure(self, **request):
        if self.error:
            raise self.error
        self.failed.append(request)


@pytest.fixture
def states(monkeypatch):
    fake = FakeStates()
    monkeypatch.setattr(reporting, "client", lambda _: fake)
    return fake


@pytest.mark.parametrize("error", [BadFilesError([BAD]), TerminalError("another run's manifest")])
def test_a_fault_of_the_data_is_reported_by_its_class_and_still_ends_the_job(states, error):
    with pytest.raises(type(error)), reporting.faults_reported("token"):
        raise error

    assert states.failed == [{"taskToken": "token", "error": type(error).__name__, "cause": str(error)}]


@pytest.mark.parametrize("error", [TransientError("throttled"), ValueError("a defect")])
def test_other_errors_are_left_to_glue(states, error):
    with pytest.raises(type(error)), reporting.faults_reported("token"):
        raise error

    assert states.failed == []


def test_a_job_that_nobody_waits_for_reports_to_nobody(states):
    with pytest.raises(TerminalError), reporting.faults_reported(None):
        raise TerminalError("x")

    assert states.failed == []


def test_a_report_that_cannot_be_sent_does_not_hide_the_fault(states):
    states.error = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "SendTaskFailure")

    with pytest.raises(TerminalError, match="the reason"), reporting.faults_reported("token"):
        raise TerminalError("the reason")


def test_a_cause_is_cut_to_what_step_functions_takes(states):
    with pytest.raises(TerminalError), reporting.faults_reported("token"):
        raise TerminalError("x" * 99_999)

    assert len(states.failed[0]["cause"]) <= 32_768
