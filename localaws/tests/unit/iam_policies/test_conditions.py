"""Condition operators, as AWS documents them."""

import pytest

from localaws.iam_policies import conditions
from localaws.iam_policies.errors import PolicyError


@pytest.mark.parametrize(
    ("operator", "expected", "value", "holds"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringEqualsIgnoreCase", "ABC", "abc", True),
        ("StringNotEqualsIgnoreCase", "ABC", "abc", False),
        ("StringLike", "a*c?", "abbcd", True),
        ("StringLike", "a*", "Ab", False),
        ("StringNotLike", "a*", "ab", False),
        ("NumericEquals", "10", "10.0", True),
        ("NumericNotEquals", "10", "11", True),
        ("NumericLessThan", 10, "9", True),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericGreaterThan", "9", "10", True),
        ("NumericGreaterThanEquals", "10", "9", False),
        ("NumericEquals", "10", "ten", False),
        ("DateEquals", "2026-11-29T12:00:00Z", "2026-11-29T13:00:00+01:00", True),
        ("DateNotEquals", "2026-11-29T12:00:00Z", "2026-11-29T12:00:01Z", True),
        ("DateLessThan", "2026-11-29T12:00:00Z", "2026-11-29", True),
        ("DateLessThanEquals", "2026-11-29", "2026-11-29", True),
        ("DateGreaterThan", "2026-11-29T00:00:00Z", "1795910400", False),
        ("DateGreaterThanEquals", "2026-11-29T00:00:00Z", "1795996800", True),
        ("DateEquals", "2026-11-29", "someday", False),
        ("Bool", "true", "True", True),
        ("Bool", False, "false", True),
        ("Bool", "true", "false", False),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
        ("BinaryEquals", "QmluYXJ5", "QmluYXJ6", False),
        ("IpAddress", "203.0.113.0/24", "203.0.113.7", True),
        ("IpAddress", "203.0.113.0/24", "203.0.114.7", False),
        ("IpAddress", "2001:db8::/32", "2001:db8::7", True),
        ("NotIpAddress", ["203.0.113.0/24", "10.0.0.0/8"], "10.1.2.3", False),
        ("ArnEquals", "arn:aws:sns:*:123456789012:a*", "arn:aws:sns:us-east-1:123456789012:ab", True),
        ("ArnLike", "arn:aws:events:us-east-1:*:rule/x", "arn:aws:events:us-east-1:1:rule/x", True),
        ("ArnLike", "arn:aws:events:*:rule/x", "arn:aws:events:us-east-1:1:rule/x", False),
        ("ArnNotLike", "arn:aws:s3:::a*", "arn:aws:s3:::b", True),
        ("ArnNotEquals", "arn:aws:s3:::a*", "arn:aws:s3:::ab", False),
    ],
)
def test_a_value(operator, expected, value, holds):
    assert conditions.hold({operator: {"aws:Key": expected}}, {"aws:key": value}) is holds


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringLike", False),
        ("StringNotLike", True),
        ("ArnNotLike", True),
        ("NotIpAddress", True),
        ("NumericLessThan", False),
        ("Bool", False),
        ("StringEqualsIfExists", True),
        ("BoolIfExists", True),
        ("NumericLessThanIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", False),
    ],
)
def test_a_key_that_the_request_does_not_have(operator, holds):
    assert conditions.hold({operator: {"aws:Key": "1"}}, {}) is holds


@pytest.mark.parametrize(
    ("operator", "values", "holds"),
    [
        ("ForAllValues:StringEquals", ["a"], True),
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "c"], False),
        ("ForAllValues:StringEquals", [], True),
        ("ForAnyValue:StringEquals", ["c", "b"], True),
        ("ForAnyValue:StringEquals", ["c"], False),
        ("ForAnyValue:StringEquals", [], False),
        ("ForAllValues:StringNotEquals", ["c", "d"], True),
        ("ForAllValues:StringNotEquals", ["c", "a"], False),
        ("ForAnyValue:StringNotEquals", ["a", "c"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], False),
        ("ForAnyValue:StringLike", ["xa", "cab"], False),
    ],
)
def test_a_key_with_several_values(operator, values, holds):
    assert conditions.hold({operator: {"aws:TagKeys": ["a", "b"]}}, {"aws:tagkeys": values}) is holds


@pytest.mark.parametrize(
    ("expected", "context", "holds"),
    [
        ("true", {}, True),
        ("true", {"aws:key": "1"}, False),
        ("false", {"aws:key": "1"}, True),
        ("false", {}, False),
        (True, {"aws:key": []}, True),
    ],
)
def test_null_asks_whether_the_key_is_absent(expected, context, holds):
    assert conditions.hold({"Null": {"aws:Key": expected}}, context) is holds


def test_all_operators_and_all_keys_must_hold():
    block = {"StringEquals": {"aws:A": "1", "aws:B": "2"}, "Bool": {"aws:C": "true"}}

    assert conditions.hold(block, {"aws:a": "1", "aws:b": "2", "aws:c": "true"})
    assert not conditions.hold(block, {"aws:a": "1", "aws:b": "3", "aws:c": "true"})
    assert not conditions.hold(block, {"aws:a": "1", "aws:b": "2", "aws:c": "false"})


def test_variables_in_values():
    block = {"StringLike": {"s3:prefix": "${aws:username}/*"}, "StringEquals": {"aws:Owner": "${aws:username}"}}

    assert conditions.hold(block, {"aws:username": "ada", "s3:prefix": "ada/x", "aws:owner": "ada"})
    assert not conditions.hold(block, {"aws:username": "ada", "s3:prefix": "bob/x", "aws:owner": "ada"})
    assert not conditions.hold(block, {"s3:prefix": "ada/x", "aws:owner": "ada"})


@pytest.mark.parametrize("operator", ["StringIs", "ForSomeValues:StringEquals", "IfExists"])
def test_an_operator_that_aws_does_not_have(operator):
    with pytest.raises(PolicyError, match="is not a condition operator"):
        conditions.require_known({operator: {"a": "b"}})
