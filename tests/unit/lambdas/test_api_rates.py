"""How much a caller may ask the API for in a minute."""

import json
from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from lambdas.api_handler import rates
from tests.api import event, machine, person

PATH, STARTED = "/v1/openapi.json", "/v1/queries/no_such_query"


class Clock(datetime):
    at = datetime(2026, 11, 30, 12, 0, 15, tzinfo=UTC)

    @classmethod
    def now(cls, tz=None):
        return cls.at


@pytest.fixture
def ask(account, lambda_context, monkeypatch):
    """Sends a request; the status, and how long to wait. Five requests a minute, of which two start a query."""
    from lambdas.api_handler.handler import lambda_handler

    few = rates.settings().model_copy(update={"requests_per_minute": 5, "queries_per_minute": 2})
    monkeypatch.setattr(rates, "settings", lambda: few)
    monkeypatch.setattr(rates, "datetime", Clock)
    monkeypatch.setattr(Clock, "at", Clock.at)

    def send(authorizer, method="GET", path=PATH):
        body = {"body": b"{}", "headers": {"content-type": "application/json"}} if method == "POST" else {}
        answered = lambda_handler(event(method, path, authorizer, **body), lambda_context)
        problem = json.loads(answered["body"]).get("type")
        return answered["statusCode"], problem, answered["headers"].get("Retry-After")

    return send


TOO_MANY = (429, "urn:cartlake:problem:too-many", "45")


def test_a_caller_who_asks_for_more_waits_for_the_next_minute(ask):
    ada = person("analysts")
    assert [ask(ada)[0] for _ in range(5)] == [200] * 5
    assert [ask(ada) for _ in range(2)] == [TOO_MANY] * 2
    Clock.at = datetime(2026, 11, 30, 12, 1, tzinfo=UTC)
    assert ask(ada)[0] == 200


def test_a_caller_takes_nothing_from_others(ask):
    while ask(person("analysts"))[0] == 200:
        pass
    job = machine("arn:aws:sts::123456789012:assumed-role/analyst-job/session")
    assert ask(person("analysts", subject="grace"))[0] == 200
    assert ask(job)[0] == 200


def test_fewer_queries_are_started_than_requests_are_answered(ask):
    ada = person("analysts")
    assert [ask(ada, "POST", STARTED)[0] for _ in range(2)] == [404, 404]  # counted, whatever becomes of it
    assert ask(ada, "POST", STARTED) == TOO_MANY
    assert ask(ada)[0] == 200


def test_sessions_of_a_machine_are_one_caller(ask):
    def session(name):
        return machine(f"arn:aws:sts::123456789012:assumed-role/analyst-job/{name}")

    assert [ask(session(str(number)))[0] for number in range(6)] == [200] * 5 + [429]


def test_counts_are_dropped_by_dynamodb(ask, account):
    ask(person("analysts"))
    [item] = account.dynamodb.scan(TableName="callers")["Items"]
    minute = int(datetime(2026, 11, 30, 12, 0, tzinfo=UTC).timestamp())
    assert item["expires"] == {"N": str(minute + 60 + rates.KEPT_SECONDS)}
    assert item["id"]["S"].endswith(f" {minute // 60}")


def test_where_nothing_can_be_counted_requests_are_answered(ask, account):
    boto3.client("dynamodb").delete_table(TableName="callers")
    assert [ask(person("analysts"))[0] for _ in range(7)] == [200] * 7


def test_a_table_that_does_not_answer_is_asked_once_for_a_second(ask, monkeypatch):
    asked = []

    class Silent:
        def update_item(self, **_):
            raise ReadTimeoutError(endpoint_url="https://dynamodb.example.com")

    def client(service, config):
        asked.append((service, config.retries["total_max_attempts"], config.connect_timeout, config.read_timeout))
        return Silent()

    monkeypatch.setattr(rates, "client", client)
    assert ask(person("analysts"))[0] == 200
    assert asked == [("dynamodb", 1, 1, 1)]
