"""The records of Glue job runs."""

import pytest
from ministack.services import glue

from localaws.job_runs import finish_record, new_record, update_record


@pytest.fixture
def record(monkeypatch):
    started = new_record({"Name": "job"}, {}, attempt=0, previous=None)
    monkeypatch.setitem(glue._job_runs, "job", [started])
    return started


def state():
    return glue._job_runs["job"][0]["JobRunState"]


def test_a_run_that_has_ended_cannot_be_stopped_any_more(record):
    finish_record("job", record, "SUCCEEDED", "")
    update_record("job", record["Id"], JobRunState="STOPPING")

    assert state() == "SUCCEEDED"


def test_a_run_that_is_stopping_does_not_run_again(record):
    update_record("job", record["Id"], JobRunState="STOPPING")
    update_record("job", record["Id"], JobRunState="RUNNING")

    assert state() == "STOPPING"


def test_a_run_that_is_stopping_ends_with_its_message(record):
    update_record("job", record["Id"], JobRunState="STOPPING")
    finish_record("job", record, "STOPPED", "ended by a user")

    assert (state(), glue._job_runs["job"][0]["ErrorMessage"]) == ("STOPPED", "ended by a user")
