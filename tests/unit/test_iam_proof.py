"""The comparison of recorded calls with Terraform's policies finds what is missing and what is too much."""

import json

import pytest

from tests.iam_proof import Allowed, Deployed, Reason, Right, read_calls

LEDGER = "arn:aws:dynamodb:us-east-1:000000000000:table/ledger"
KEY = "arn:aws:kms:us-east-1:000000000000:key/k"
ROLE = "arn:aws:iam::000000000000:role/loader"
ROOT = "arn:aws:iam::000000000000:root"


def policy(*listed):
    return json.dumps({"Version": "2012-10-17", "Statement": list(listed)})


def resource(kind, **values):
    return {"type": kind, "mode": "managed", "values": values}


@pytest.fixture
def deployed():
    allowed = [
        {"Sid": "Use", "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": LEDGER},
        {"Sid": "Key", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": KEY},
    ]
    to_rules = {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Principal": {"Service": "events.amazonaws.com"},
    }
    of_lambda = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    of_account = {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": {"AWS": ROOT}}
    ours = {**to_rules, "Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}}}
    module = {
        "resources": [
            resource("aws_iam_role", name="loader", arn=ROLE, assume_role_policy=policy(of_lambda)),
            resource("aws_kms_key", arn=KEY, policy=policy(of_account, ours)),
        ],
        "child_modules": [{"resources": [resource("aws_iam_role_policy", role="loader", policy=policy(*allowed))]}],
    }
    return Deployed({"values": {"root_module": module}})


def test_a_call_that_the_role_may_make(deployed):
    assert deployed.refused(Right("loader", "dynamodb:GetItem", LEDGER)) is None


def test_a_key_is_used_when_its_policy_leaves_it_to_the_role(deployed):
    assert deployed.refused(Right("loader", "kms:Decrypt", KEY)) is None
    assert (
        deployed.refused(Right("loader", "kms:Decrypt", KEY + "2"))
        == "not allowed by the policy of the resource, which must allow it"
    )


@pytest.mark.parametrize(
    "right",
    [
        Right("loader", "dynamodb:DeleteItem", LEDGER),
        Right("loader", "dynamodb:GetItem", LEDGER + "-other"),
        Right("stranger", "dynamodb:GetItem", LEDGER),
    ],
)
def test_a_call_that_would_be_refused(deployed, right):
    assert deployed.refused(right)


def test_an_action_that_no_call_needs(deployed):
    calls = read_calls(
        json.dumps({"role": "loader", "call": "x", "by": "request", "rights": rights})
        for rights in (
            [["dynamodb:GetItem", LEDGER, {}], ["kms:Decrypt", KEY, {}]],
            [["dynamodb:PutItem", "other", {}]],
        )
    )

    assert calls.count == 2
    assert deployed.unused(calls.rights) == {Allowed("loader", "Use", "dynamodb:PutItem")}


def test_refused_calls_are_read_apart():
    line = {"role": "r", "call": "x", "by": "request", "rights": [["s3:GetObject", "o", {}]], "denied": True}

    assert read_calls([json.dumps(line)]).refused == {Right("r", "s3:GetObject", "o")}


def test_a_service_uses_the_key_for_this_account_only(deployed):
    used = {"aws_SourceAccount": "000000000000"}

    assert deployed.receives("events.amazonaws.com", "kms:Decrypt", KEY, **used)
    assert not deployed.receives("events.amazonaws.com", "kms:Decrypt", KEY, aws_SourceAccount="111111111111")
    assert not deployed.receives("events.amazonaws.com", "kms:Decrypt", KEY)
    assert not deployed.receives("s3.amazonaws.com", "kms:Decrypt", KEY, **used)


def test_a_reason_covers_what_it_names():
    reason = Reason("lake-*", "Use*", ("dynamodb:*",), "why")

    assert reason.covers(Allowed("lake-loader", "UseLedger", "dynamodb:GetItem"))
    assert not reason.covers(Allowed("lake-loader", "UseLedger", "s3:GetObject"))
    assert not reason.covers(Allowed("other", "UseLedger", "dynamodb:GetItem"))
