"""Step Functions: definitions, names, sizes of inputs and outputs, the length of a history."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localaws.conformance.checks import check, equal, refused
from localaws.conformance.services.stepfunctions import machine, run

if TYPE_CHECKING:
    from localaws.conformance.target import Target

END: Any = {"Type": "Pass", "End": True}
WIDE = "ü" * 140_000


def _refused_definition(target: Target, states: dict[str, Any], start: str = "A") -> None:
    definition = json.dumps({"StartAt": start, "States": states})
    request = {"name": target.name, "definition": definition, "roleArn": target.role}
    refused("InvalidDefinition", target.client("stepfunctions").create_state_machine, **request)


@check("stepfunctions", "a definition with a state that is never reached is refused")
def unreachable(target: Target) -> None:
    _refused_definition(target, {"A": END, "B": END})


@check("stepfunctions", "a definition whose first state does not exist is refused")
def start(target: Target) -> None:
    _refused_definition(target, {"A": END}, "Nowhere")


@check("stepfunctions", "a definition with a state that neither ends nor has a next is refused")
def dangling(target: Target) -> None:
    _refused_definition(target, {"A": {"Type": "Pass"}})


@check("stepfunctions", "a definition with a state of an unknown type is refused")
def unknown_type(target: Target) -> None:
    _refused_definition(target, {"A": {"Type": "Sleep", "End": True}})


@check("stepfunctions", "a definition with a missing next state in a branch, a choice or a catch is refused")
def nested(target: Target) -> None:
    nowhere = {"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "Nowhere"}}}
    _refused_definition(target, {"A": {"Type": "Parallel", "Branches": [nowhere], "End": True}})
    rule = {"Variable": "$.n", "IsPresent": True, "Next": "Nowhere"}
    _refused_definition(target, {"A": {"Type": "Choice", "Choices": [rule], "Default": "B"}, "B": END})
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Nowhere"}]
    task = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Catch": catch, "End": True}
    _refused_definition(target, {"A": task})


@check("stepfunctions", "names of executions have no colons, slashes, brackets or spaces")
def names(target: Target) -> None:
    client, arn = target.client("stepfunctions"), machine(target, {"StartAt": "A", "States": {"A": END}})
    for name in ("a b", "a:b", "a/b", "a<b", "a\u0007"):
        refused("InvalidName", client.start_execution, stateMachineArn=arn, name=name)
    refused("InvalidName", client.create_state_machine, name="a b", definition="{}", roleArn=target.role)


@check("stepfunctions", "a name that has ended is not used again for 90 days")
def used_names(target: Target) -> None:
    client, arn = target.client("stepfunctions"), machine(target, {"StartAt": "A", "States": {"A": END}})
    execution = client.start_execution(stateMachineArn=arn, name="once")["executionArn"]
    target.eventually(
        lambda: client.describe_execution(executionArn=execution)["status"], lambda state: state == "SUCCEEDED"
    )
    refused("ExecutionAlreadyExists", client.start_execution, stateMachineArn=arn, name="once")


@check("stepfunctions", "an input has at most 256 KiB, in bytes")
def large_input(target: Target) -> None:
    client, arn = target.client("stepfunctions"), machine(target, {"StartAt": "A", "States": {"A": END}})
    text = json.dumps({"x": WIDE}, ensure_ascii=False)
    codes = ("ValidationException", "InvalidExecutionInput")
    refused(codes, client.start_execution, stateMachineArn=arn, input=text)


@check("stepfunctions", "an input that is not JSON is refused")
def malformed_input(target: Target) -> None:
    client, arn = target.client("stepfunctions"), machine(target, {"StartAt": "A", "States": {"A": END}})
    refused("InvalidExecutionInput", client.start_execution, stateMachineArn=arn, input="{no")


@check("stepfunctions", "a state whose output has more than 256 KiB fails, and States.ALL does not catch it")
def large_output(target: Target) -> None:
    twice = {"a.$": "$.x", "b.$": "$.x"}
    inner = {"StartAt": "Twice", "States": {"Twice": {"Type": "Pass", "Parameters": twice, "End": True}}}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    states = {"Try": {"Type": "Parallel", "Branches": [inner], "Catch": catch, "End": True}, "Caught": END}
    answer = run(target, {"StartAt": "Try", "States": states}, {"x": "y" * 150_000})
    equal((answer["status"], answer.get("error")), ("FAILED", "States.DataLimitExceeded"))


@check("stepfunctions", "an execution fails at its event 25,000")
def history(target: Target) -> None:
    again = {"Variable": "$.go", "BooleanEquals": True, "Next": "Loop"}
    loop = {"Type": "Choice", "Choices": [again], "Default": "Done"}
    definition = {"StartAt": "Loop", "States": {"Loop": loop, "Done": END}}
    answer = run(target, definition, {"go": True})
    cause = "The execution reached the maximum number of history events (25000)."
    equal((answer["status"], answer.get("error"), answer.get("cause")), ("FAILED", "States.Runtime", cause))
