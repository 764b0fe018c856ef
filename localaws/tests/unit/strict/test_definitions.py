"""Definitions of state machines that Step Functions refuses."""

import json

import pytest

from localaws.strict.rules import EmptyAccount, refusal
from localaws.strict.rules.definitions import faults_of

END = {"Type": "Pass", "End": True}


def nested(member, branch):
    return {"StartAt": "A", "States": {"A": {"Type": "Map", member: branch, "End": True}}}


def single(**state):
    return {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True} | state}}


def test_a_definition_with_every_kind_of_transition_is_valid():
    branch = {"StartAt": "B", "States": {"B": END}}
    states = {
        "A": {"Type": "Task", "Resource": "r", "Catch": [{"ErrorEquals": ["E"], "Next": "F"}], "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "P"}], "Default": "M"},
        "P": {"Type": "Parallel", "Branches": [branch], "Next": "W"},
        "M": {"Type": "Map", "ItemProcessor": branch, "Next": "W"},
        "W": {"Type": "Wait", "Seconds": 1, "Next": "S"},
        "S": {"Type": "Succeed"},
        "F": {"Type": "Fail"},
    }

    assert faults_of({"StartAt": "A", "States": states}) == []


@pytest.mark.parametrize(
    ("definition", "fault"),
    [
        (single(Next="X", End=False), "MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/A/Next"),
        (
            {"StartAt": "A", "States": {"A": END, "B": END}},
            'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B',
        ),
        ({"StartAt": "X", "States": {"A": END}}, "Missing 'StartAt' target: X"),
        (single(End=False), "must have End or Next at /States/A"),
        (single(Next="A"), "has both End and Next at /States/A"),
        (single(Type="Sleep"), "at /States/A/Type"),
        (single(Type="Choice", Choices=[]), "[Choices] at /States/A"),
        (single(Catch=[{"ErrorEquals": ["E"], "Next": "X"}]), "X at /States/A/Catch[0]/Next"),
        (single(Type="Choice", Choices=[{"Next": "X"}]), "X at /States/A/Choices[0]/Next"),
        (single(Type="Choice", Choices=[{"Next": "A"}], Default="X"), "X at /States/A/Default"),
        (nested("Iterator", single(Next="X", End=False)), "X at /States/A/Iterator/States/A/Next"),
        (nested("ItemProcessor", single(Next="X", End=False)), "X at /States/A/ItemProcessor/States/A/Next"),
        (nested("Branches", [single(Next="X", End=False)]), "X at /States/A/Branches[0]/States/A/Next"),
        ({"StartAt": "A", "States": {"A": "no"}}, "must be a JSON object at /States/A"),
        ({"StartAt": "A"}, "[States]"),
        ({"States": {"A": END}}, "[StartAt]"),
        ([], "must be a JSON object at /"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(definition, fault):
    assert any(fault in found for found in faults_of(definition)), faults_of(definition)


@pytest.mark.parametrize("text", ["{no", json.dumps(single(Next="X", End=False))])
def test_the_call_is_refused(text):
    refused = refusal("stepfunctions", "UpdateStateMachine", {"definition": text}, EmptyAccount())

    assert refused.code == "InvalidDefinition"
    assert refused.message.startswith("Invalid State Machine Definition: '")


def test_a_change_of_other_settings_has_no_definition():
    assert refusal("stepfunctions", "UpdateStateMachine", {"roleArn": "r"}, EmptyAccount()) is None
