import pytest

from cartlake.contracts.rules.sql import text_literal
from cartlake_cli.athena.client import Athena, QueryError


class FakeAthena:
    """Answers like Athena: runs for a moment, then gives two pages, the header as the first row."""

    def __init__(self, state="SUCCEEDED", reason=None):
        self.states = ["QUEUED", "RUNNING", state]
        self.reason = reason
        self.requests = []

    def start_query_execution(self, **request):
        self.requests.append(request)
        return {"QueryExecutionId": "q-1"}

    def get_query_execution(self, QueryExecutionId):  # noqa: N803
        state = self.states.pop(0)
        reason = {"StateChangeReason": self.reason} if self.reason else {}
        statistics = {"DataScannedInBytes": 10, "TotalExecutionTimeInMillis": 250}
        return {"QueryExecution": {"Status": {"State": state, **reason}, "Statistics": statistics}}

    def get_paginator(self, name):
        return self

    def paginate(self, **_):
        columns = [{"Name": "channel", "Type": "varchar"}, {"Name": "n", "Type": "bigint"}]
        metadata = {"ColumnInfo": columns}
        yield {"ResultSet": {"ResultSetMetadata": metadata, "Rows": [row("channel", "n"), row("web", "3")]}}
        yield {"ResultSet": {"ResultSetMetadata": metadata, "Rows": [row(None, "4")]}}


def row(*values):
    return {"Data": [{} if value is None else {"VarCharValue": value} for value in values]}


def test_all_pages_are_read_and_the_header_row_is_not_data(monkeypatch):
    monkeypatch.setattr("cartlake_cli.athena.client.time.sleep", lambda _: None)

    result = Athena(FakeAthena(), "analysts").run("select ...")

    assert result.records() == [{"channel": "web", "n": "3"}, {"channel": None, "n": "4"}]
    assert (result.scanned_bytes, result.milliseconds) == (10, 250)


def test_parameters_and_workgroup_are_athenas_own(monkeypatch):
    monkeypatch.setattr("cartlake_cli.athena.client.time.sleep", lambda _: None)
    fake = FakeAthena()

    Athena(fake, "analysts").run("select ?", [text_literal("it's")], "curated")

    [request] = fake.requests
    assert request["ExecutionParameters"] == ["'it''s'"]
    assert (request["WorkGroup"], request["QueryExecutionContext"]) == ("analysts", {"Database": "curated"})


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_query_that_does_not_succeed_raises_with_athenas_reason(monkeypatch, state):
    monkeypatch.setattr("cartlake_cli.athena.client.time.sleep", lambda _: None)

    with pytest.raises(QueryError, match="COLUMN_NOT_FOUND"):
        Athena(FakeAthena(state, "COLUMN_NOT_FOUND: line 1:8"), "analysts").run("select nope")
