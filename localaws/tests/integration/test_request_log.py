"""What AWS would bill is logged when that is asked for, and only then."""

import json

import pytest

from localaws.paths import Paths

pytestmark = pytest.mark.integration

CODE = "def handler(event, context):\n    return 1\n"


def entries(aws, kind):
    lines = Paths(aws.settings.home).request_log.read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if entry["kind"] == kind]


def test_requests_runs_of_functions_and_transitions_are_logged(tmp_path, monkeypatch, running_localaws):
    monkeypatch.setenv("LOCALAWS_REQUEST_LOG", "true")
    with running_localaws(tmp_path) as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="billed")
        s3.put_object(Bucket="billed", Key="one", Body=b"12345")
        function = aws.function("billed", CODE, MemorySize=256)
        call = {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": function, "Payload": {}},
            "End": True,
        }
        machine = aws.machine("billed", {"StartAt": "Call", "States": {"Call": call}})
        started = aws.client("stepfunctions").start_execution(stateMachineArn=machine)

        assert aws.ended(started["executionArn"])["status"] == "SUCCEEDED"

        [put] = [one for one in entries(aws, "request") if one["operation"] == "PutObject"]
        assert (put["service"], put["place"], put["items"]) == ("s3", "billed", 1)
        [run] = entries(aws, "function")
        assert (run["name"], run["memory_mb"]) == ("billed", 256)
        assert run["ms"] >= 0
        assert [(one["machine"], one["state"]) for one in entries(aws, "transition")] == [("billed", "Call")]
        assert "ExecutionSucceeded" in [one["event"] for one in entries(aws, "history")]


def test_nothing_is_logged_unasked(localaws):
    localaws.client("s3").list_buckets()

    assert not Paths(localaws.settings.home).request_log.exists()
