"""Every alarm watches a metric that something sends under that very name and dimensions, and has its runbook."""

import ast
import json
import re
from pathlib import Path

import pytest

from lambdas.shared.metric_names import ALARMED, LAKE, UNITS

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "terraform" / "modules" / "monitoring"
OF_AWS = {
    "AWS/Lambda": {"Errors": ["FunctionName"], "Throttles": []},
    "AWS/SQS": {"ApproximateAgeOfOldestMessage": ["QueueName"], "ApproximateNumberOfMessagesVisible": ["QueueName"]},
    "AWS/States": {
        "ExecutionsAborted": ["StateMachineArn"],
        "ExecutionsFailed": ["StateMachineArn"],
        "ExecutionsTimedOut": ["StateMachineArn"],
    },
}
"""Metrics that AWS sends by itself, as its documentation lists them, with their dimensions."""
WITH_STREAMS = {"StreamLag", "StreamOffsetsLost"}
"""Metrics of a lake that reads topics of Kafka. The environments here read none, so their plans have no such alarms."""


def planned(environment):
    """The alarms of an environment, by address without the module."""
    baseline = json.loads((ROOT / "tests" / "terraform" / "baselines" / f"{environment}.json").read_text())
    return {address: one for address, one in baseline.items() if ".aws_cloudwatch_metric_alarm." in address}


ALARMS = [
    pytest.param(environment, alarm, id=f"{environment}:{alarm['alarm_name']}")
    for environment in ("dev", "prod")
    for alarm in planned(environment).values()
]


def counted():
    """Metric names that functions hand to `count` as keywords, or as keys that are unpacked into it."""
    names = set()
    for path in sorted((ROOT / "lambdas").rglob("*.py")):
        if path.name == "metric_names.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg:
                names.add(node.arg)
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.add(node.value)
    return names


@pytest.mark.parametrize(("environment", "alarm"), ALARMS)
def test_an_alarm_watches_a_metric_that_something_sends(environment, alarm):
    namespace, metric, dimensions = alarm["namespace"], alarm["metric_name"], alarm.get("dimensions", {})
    if namespace.startswith("AWS/"):
        assert sorted(dimensions) == OF_AWS[namespace][metric]
        return
    assert namespace == f"Cartlake/cartlake-{environment}"
    assert dimensions["service"] == LAKE
    if set(dimensions) == {"service"}:
        assert metric in ALARMED, f"{metric} is not sent for the lake as a whole"
    else:
        assert set(dimensions) == {"service", "dataset"}
        assert metric in UNITS


def test_the_dashboard_shows_metrics_that_something_sends():
    baseline = json.loads((ROOT / "tests" / "terraform" / "baselines" / "prod.json").read_text())
    [body] = [one["dashboard_body"] for address, one in baseline.items() if ".aws_cloudwatch_dashboard." in address]
    metrics = [metric for widget in json.loads(body)["widgets"] for metric in widget["properties"]["metrics"]]

    assert len(metrics) > len(UNITS) / 2
    for namespace, name, *dimensions in metrics:
        known = OF_AWS[namespace] if namespace.startswith("AWS/") else UNITS
        assert name in known
        assert namespace.startswith("AWS/") or len(dimensions) == 4 or name in ALARMED


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_functions_send_to_the_namespace_that_alarms_watch(environment):
    baseline = json.loads((ROOT / "tests" / "terraform" / "baselines" / f"{environment}.json").read_text())
    functions = [one for address, one in baseline.items() if ".aws_lambda_function." in address]
    # Of others Terraform knows the variables only after the apply; all are merged with the same ones.
    variables = [known["variables"] for one in functions for known in one["environment"] if "variables" in known]

    assert variables
    assert {one["POWERTOOLS_METRICS_NAMESPACE"] for one in variables} == {f"Cartlake/cartlake-{environment}"}
    assert {one["METRICS_BY_DATASET"] for one in variables} == {"true" if environment == "prod" else "false"}


def test_every_metric_is_sent_by_a_function():
    # Names of files by state and of runs by engine are put together where they are sent.
    built = {"FilesValidated", "FilesRejected", "FilesDuplicate", "RunsLight", "RunsSpark"}

    assert sorted(set(UNITS) - counted() - built) == []


def test_what_is_sent_for_an_alarm_has_one():
    ours = {one["metric_name"] for one in planned("dev").values() if not one["namespace"].startswith("AWS/")}

    assert ours | WITH_STREAMS == ALARMED
    module = (MODULE / "main.tf").read_text()
    assert [name for name in sorted(WITH_STREAMS) if f'"{name}"' not in module] == []


@pytest.mark.parametrize(("environment", "alarm"), ALARMS)
def test_an_alarm_names_a_runbook_that_exists(environment, alarm):
    [path] = re.findall(r"What to do: (\S+)$", alarm["alarm_description"])

    assert (ROOT / path).is_file()


def test_each_runbook_says_what_to_do_and_is_listed():
    page = (ROOT / "docs" / "monitoring.md").read_text()
    named = set(re.findall(r'runbook\s+= "([a-z-]+)"', (MODULE / "main.tf").read_text())) | {"page", "budget"}

    for name in named:
        text = (ROOT / "docs" / "alarms" / f"{name}.md").read_text()
        assert f"alarms/{name}.md" in page
        for part in ("Symptom.", "What it means.", "Find out", "Mend", "Verify"):
            assert f"**{part}**" in text, (name, part)
