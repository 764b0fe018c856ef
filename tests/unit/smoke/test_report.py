"""The page of a smoke test, and the checks at its end."""

from datetime import date
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from cartlake_cli.smoke.report import Report, Result
from cartlake_cli.smoke.state import compare, state_of


@pytest.fixture
def report():
    return Report(
        "dev", "cartlake-dev", "eu-central-1", "0.2.0", "2026-11-29T12:00:00.000000Z", prices_of=date(2026, 11, 28)
    )


def test_one_failure_fails_the_test_and_what_is_not_proved_does_not(report):
    report.proved("refresh")
    report.unproved("load parcels", "no rows are known")
    assert not report.failed
    report.check("rows vendors", holds=False, detail="0 of 1 rows")
    assert report.failed
    assert report.json()["passed"] is False


def test_the_page_has_a_line_for_each_thing_and_the_cost_with_its_date(report):
    report.failure("view a.b", "line 1:1 | not\nfound")
    report.costs = {"runs": 0.01, "queries": 0.002}
    page = report.markdown()
    assert page[0] == "## Smoke test of `cartlake-dev`: FAILED"
    assert "| view a.b | FAILED | line 1:1 \\| not found |" in page
    assert "Cost: $0.0120 by list prices of 2026-11-28 (runs $0.0100, queries $0.0020)" in page


@pytest.fixture
def lake(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        sqs = boto3.client("sqs")
        urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("incoming-dlq", "events-dlq")]
        outputs = SimpleNamespace(name_prefix="lake", incoming_dlq_url=urls[0], events_dlq_url=urls[1])
        yield SimpleNamespace(client=boto3.client, outputs=outputs)


def alarm(name, state=None):
    client = boto3.client("cloudwatch")
    client.put_metric_alarm(
        AlarmName=name,
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    if state:
        client.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def lines(report):
    return {line.name: (line.result, line.detail) for line in report.lines}


def test_an_alarm_that_comes_on_during_the_test_fails_it(lake, report):
    alarm("lake-errors", "OK")
    alarm("other-errors", "ALARM")
    before = state_of(lake)
    compare(before, state_of(lake), report)
    assert lines(report) == {
        "alarms": (Result.PROVED, "1, none came on"),
        "dead-letter queues": (Result.PROVED, "incoming-dlq: 0, events-dlq: 0"),
    }

    report.lines.clear()
    alarm("lake-errors", "ALARM")
    compare(before, state_of(lake), report)
    assert lines(report)["alarms"] == (Result.FAILED, "came on: lake-errors")


def test_an_alarm_that_was_on_before_is_not_proved_either_way(lake, report):
    alarm("lake-errors", "ALARM")
    before = state_of(lake)
    compare(before, state_of(lake), report)
    assert lines(report)["alarms before"] == (Result.NOT_PROVED, "on since before the test: lake-errors")
    assert not report.failed


def test_a_lake_without_alarms_fails(lake, report):
    compare(state_of(lake), state_of(lake), report)
    assert lines(report)["alarms"][0] is Result.FAILED


def test_new_dead_letters_fail_and_old_ones_are_named(lake, report):
    alarm("lake-errors", "OK")
    before = state_of(lake)
    boto3.client("sqs").send_message(QueueUrl=lake.outputs.events_dlq_url, MessageBody="lost")
    compare(before, state_of(lake), report)
    assert lines(report)["dead-letter queues"] == (Result.FAILED, "events-dlq: 1")

    report.lines.clear()
    compare(state_of(lake), state_of(lake), report)
    assert lines(report)["dead-letter queues"][0] is Result.PROVED
    assert lines(report)["dead letters before"][0] is Result.NOT_PROVED
