"""Athena's API without a server: the states of a query, and pages of its result."""

import json
from concurrent.futures import Future

import pytest
from ministack.services import athena, eventbridge, s3

from localaws.athena.statements import Outcome
from localaws.athena_api import executions, queries, result_pages

QUERY = {"QueryString": "select 1"}


@pytest.fixture
def events(monkeypatch):
    """The states that events report, in their order."""
    found = []

    def put(request, **_):
        found.extend(json.loads(entry["Detail"])["currentState"] for entry in request["Entries"])

    monkeypatch.setattr(eventbridge, "_put_events", put)
    return found


@pytest.fixture
def execution(monkeypatch):
    created = executions.new_execution("q1", QUERY, "primary", {"OutputLocation": "s3://results/"})
    monkeypatch.setitem(athena._executions, "q1", created)
    return created


class Engine:
    """Runs every statement at once; `during` is called while it runs."""

    def __init__(self, during=lambda: None):
        self.during = during
        self.ran = []
        self.clients = self

    def run(self, statement, _running):
        self.ran.append(statement.text)
        self.during()
        return Outcome()

    def write(self, *_):
        pass


def run(monkeypatch, execution, engine):
    monkeypatch.setattr(queries, "engine_of", lambda *_: engine)
    queries._run(("000000000000", "us-east-1"), execution, "select 1", None)


def test_a_query_that_is_stopped_while_it_is_queued_never_runs(monkeypatch, execution, events):
    engine = Engine()

    queries.stop_query_execution({"QueryExecutionId": "q1"})
    run(monkeypatch, execution, engine)

    assert engine.ran == []
    assert execution["Status"]["State"] == "CANCELLED"
    assert events == ["CANCELLED"]


def test_a_query_that_is_stopped_while_it_runs_stays_cancelled_and_emits_one_event(monkeypatch, execution, events):
    run(monkeypatch, execution, Engine(during=lambda: queries.stop_query_execution({"QueryExecutionId": "q1"})))

    assert execution["Status"]["State"] == "CANCELLED"
    assert events == ["CANCELLED"]


def test_a_query_that_fails_after_it_was_stopped_has_no_error(execution, events):
    executions.end(execution, "CANCELLED", "Query was cancelled by user")
    executions.fail(execution, 0.0, "GENERIC_INTERNAL_ERROR: late", 1)

    assert "AthenaError" not in execution["Status"]
    assert execution["Status"]["StateChangeReason"] == "Query was cancelled by user"
    assert events == ["CANCELLED"]


def test_a_query_of_an_earlier_process_has_failed(execution, events):
    answer = json.loads(queries.get_query_execution({"QueryExecutionId": "q1"})[2])

    assert answer["QueryExecution"]["Status"]["State"] == "FAILED"
    assert events == ["FAILED"]


def test_a_query_that_is_queued_in_this_process_has_not_failed(monkeypatch, execution, events):
    monkeypatch.setattr(queries._WORKERS, "submit", lambda *_: Future())
    queries._submit({}, execution, "select 1", None)

    answer = json.loads(queries.get_query_execution({"QueryExecutionId": "q1"})[2])

    assert answer["QueryExecution"]["Status"]["State"] == "QUEUED"
    assert events == []
    queries._submitted.discard("q1")


def test_a_result_that_was_deleted_is_an_error_and_not_an_empty_page(monkeypatch, execution):
    execution["Status"]["State"] = "SUCCEEDED"
    execution["_columns"] = [{"Name": "_col0"}]
    monkeypatch.setattr(s3, "_get_object_data", lambda *_: None)

    status, _, body = result_pages.get_query_results({"QueryExecutionId": "q1"})

    assert (status, json.loads(body)["message"]) == (400, "Could not find results")
