"""Whoever subscribed hears of alarms and of rejected files, and what is expected raises no alarm."""

import json
from uuid import uuid4

import pytest

from tests.e2e.conftest import PARCELS_HEADER, eventually

pytestmark = pytest.mark.e2e


@pytest.fixture
def mails(alerts):
    """The texts of the topic of alerts by their subjects, as far as they have come."""
    return lambda: {one.get("Subject", ""): one["Message"] for one in map(json.loads, alerts())}


@pytest.fixture(scope="module")
def alarms(lake):
    """The alarms of the lake, by what stands behind its prefix."""
    prefix = f"{lake.outputs.name_prefix}-"

    def read():
        pages = lake.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
        return {one["AlarmName"].removeprefix(prefix): one for page in pages for one in page["MetricAlarms"]}

    return read


def test_a_sweep_says_that_nothing_is_overdue(alarms, run_lake):
    # Its absence would be the alarm, so a state of OK shows that the metric came under the name the alarm watches.
    assert json.loads(run_lake("sweep", "--json").stdout)["overdue"] == []

    eventually(lambda: alarms()["overdue"]["StateValue"] == "OK", 60)


def test_each_alarm_reaches_who_subscribed_with_its_runbook(lake, alarms, mails):
    for alarm in alarms().values():
        for state in ("OK", "ALARM"):  # only a change of state is told
            lake.client("cloudwatch").set_alarm_state(
                AlarmName=alarm["AlarmName"], StateValue=state, StateReason="a test"
            )

    def told():
        return {
            json.loads(text)["AlarmName"]: json.loads(text) for subject, text in mails().items() if "ALARM" in subject
        }

    expected = {alarm["AlarmName"] for alarm in alarms().values()}
    eventually(lambda: told().keys() >= expected, 90)
    assert all("docs/alarms/" in one["AlarmDescription"] for one in told().values())


def test_somebody_hears_of_each_rejected_file(run_lake, tmp_path, mails):
    for name in ("first", "second"):
        file = tmp_path / f"{name}-{uuid4().hex}.csv"
        file.write_text("no,such,columns\n1,2,3\n")
        run_lake("drop", "parcels", file, "--wait", "--json", exit_code=None)

    def told():
        return [text for subject, text in mails().items() if "a file of parcels was rejected" in subject]

    [text, *_] = eventually(told, 60)
    assert "quarantine show" in text


def test_a_run_with_many_refused_rows_raises_the_alarm_and_one_with_few_rows_does_not(
    run_lake, tmp_path, alarms, mails
):
    def drop(rows):
        file = tmp_path / f"{uuid4().hex}.csv"
        line = "PCL-q{0}-{1},999999,heavy,2026-11-02,2026-11-02T10:00:00Z\n"
        file.write_text(PARCELS_HEADER + "".join(line.format(uuid4().hex, number) for number in range(rows)))
        [loaded] = json.loads(run_lake("drop", "parcels", file, "--wait", "--json").stdout)
        return loaded

    drop(5)
    assert alarms()["quarantine-rate"]["StateValue"] != "ALARM"

    drop(150)
    eventually(lambda: alarms()["quarantine-rate"]["StateValue"] == "ALARM", 60)
    eventually(lambda: any("quarantine-rate" in text and "Threshold Crossed" in text for text in mails().values()), 60)
