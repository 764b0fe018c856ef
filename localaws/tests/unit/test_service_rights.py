"""What a resource's policy lets a service of AWS do."""

import json

import pytest

from localaws.iam_state.deliveries import allows

EVENTBRIDGE = "events.amazonaws.com"
QUEUE = "arn:aws:sqs:us-east-1:1:q"
RULE = "arn:aws:events:us-east-1:1:rule/r"
SOURCE = {"aws:sourcearn": RULE, "aws:sourceaccount": "1"}


def policy(**changes):
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Resource": QUEUE} | changes]})


def asks(key, value):
    return {"ArnEquals" if key == "aws:SourceArn" else "StringEquals": {key: value}}


@pytest.mark.parametrize(
    ("changes", "source", "allowed"),
    [
        ({}, SOURCE, True),
        ({"Condition": asks("aws:SourceArn", RULE)}, SOURCE, True),
        ({"Condition": asks("aws:SourceAccount", "1")}, SOURCE, True),
        ({"Condition": asks("aws:SourceArn", f"{RULE}-other")}, SOURCE, False),
        ({"Condition": asks("aws:SourceAccount", "1")}, {}, False),
        ({"Principal": {"Service": "sns.amazonaws.com"}}, SOURCE, False),
        ({"Principal": {"AWS": "arn:aws:iam::1:root"}}, SOURCE, False),
        ({"Action": "sqs:ReceiveMessage"}, SOURCE, False),
        ({"Effect": "Deny"}, SOURCE, False),
    ],
)
def test_the_policy_of_the_target_decides(changes, source, allowed):
    assert allows(policy(**changes), "sqs:SendMessage", QUEUE, EVENTBRIDGE, source) is allowed


def test_a_target_without_a_policy_gets_nothing():
    assert allows({}, "sqs:SendMessage", QUEUE, EVENTBRIDGE, SOURCE) is False
