"""Step Functions: choices, errors, parallel branches, names of executions, time limits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.conformance.checks import check, equal, refused

if TYPE_CHECKING:
    from localaws.conformance.target import Target


def machine(target: Target, definition: dict[str, Any]) -> str:
    """Create a state machine; it is deleted after the check. Returns its ARN."""
    client = target.client("stepfunctions")
    arn: str = client.create_state_machine(name=target.name, definition=json.dumps(definition), roleArn=target.role)[
        "stateMachineArn"
    ]
    target.later(client.delete_state_machine, stateMachineArn=arn)
    return arn


def run(target: Target, definition: dict[str, Any], given: Any = None) -> dict[str, Any]:
    """Return the description of an execution that has ended."""
    client, arn = target.client("stepfunctions"), machine(target, definition)
    execution = client.start_execution(stateMachineArn=arn, input=json.dumps(given or {}))["executionArn"]
    found: dict[str, Any] = target.eventually(
        lambda: client.describe_execution(executionArn=execution), lambda answer: answer["status"] != "RUNNING"
    )
    return found


@check("stepfunctions", "a choice takes the first rule that holds, else the default")
def choice(target: Target) -> None:
    rule = {"Variable": "$.n", "NumericGreaterThan": 5, "Next": "Large"}
    states = {
        "Choose": {"Type": "Choice", "Choices": [rule], "Default": "Small"},
        "Large": {"Type": "Pass", "Result": "large", "End": True},
        "Small": {"Type": "Pass", "Result": "small", "End": True},
    }
    equal(json.loads(run(target, {"StartAt": "Choose", "States": states}, {"n": 7})["output"]), "large")


@check("stepfunctions", "an error that a state catches is the input of the next, under its path")
def catch(target: Target) -> None:
    catcher = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Done"}
    branch = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Broken", "Cause": "so"}}}
    states = {
        "Try": {"Type": "Parallel", "Branches": [branch], "Catch": [catcher], "End": True},
        "Done": {"Type": "Pass", "End": True},
    }
    output = json.loads(run(target, {"StartAt": "Try", "States": states}, {"kept": 1})["output"])
    equal((output["kept"], output["error"]["Error"]), (1, "Broken"))


@check("stepfunctions", "a map keeps the order of its items")
def ordered_map(target: Target) -> None:
    each = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    states = {"Each": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": each, "End": True}}
    answer = run(target, {"StartAt": "Each", "States": states}, {"items": [3, 1, 2]})
    equal(json.loads(answer["output"]), [3, 1, 2])


@check("stepfunctions", "an execution that runs longer than the machine's limit has the state TIMED_OUT")
def time_limit(target: Target) -> None:
    states = {"W": {"Type": "Wait", "Seconds": 20, "End": True}}
    equal(run(target, {"StartAt": "W", "TimeoutSeconds": 1, "States": states})["status"], "TIMED_OUT")


@check("stepfunctions", "a name of an execution is used once, and starting it again with another input is refused")
def execution_names(target: Target) -> None:
    client = target.client("stepfunctions")
    arn = machine(target, {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    client.start_execution(stateMachineArn=arn, name="once", input='{"a": 1}')
    again = {"stateMachineArn": arn, "name": "once", "input": '{"a": 2}'}
    refused("ExecutionAlreadyExists", client.start_execution, **again)


@check("stepfunctions", "a definition whose next state does not exist is refused")
def definition(target: Target) -> None:
    broken = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Nowhere"}}})
    request = {"name": target.name, "definition": broken, "roleArn": target.role}
    refused("InvalidDefinition", target.client("stepfunctions").create_state_machine, **request)
