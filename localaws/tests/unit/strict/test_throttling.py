"""Calls are throttled at the rates of AWS."""

import pytest

from localaws.strict.throttling import Throttle, error_of


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def accepted(throttle, count, service="stepfunctions", operation="DescribeExecution"):
    return sum(throttle.accepts(service, operation) for _ in range(count))


def test_a_full_bucket_is_taken_at_once_and_filled_at_its_rate(clock):
    throttle = Throttle(1, clock)

    assert accepted(throttle, 400) == 300
    clock.now += 2
    assert accepted(throttle, 400) == 30
    clock.now += 3_600
    assert accepted(throttle, 400) == 300


def test_rates_are_scaled_but_a_bucket_holds_one_call(clock):
    assert accepted(Throttle(0.1, clock), 400) == 30
    assert accepted(Throttle(0.001, clock), 400) == 1


def test_without_throttling_all_are_accepted(clock):
    assert accepted(Throttle(0, clock), 400) == 400


def test_operations_have_buckets_of_their_own_and_lambdas_control_plane_has_one(clock):
    throttle = Throttle(1, clock)

    assert accepted(throttle, 20, "lambda", "CreateFunction") == 15
    assert accepted(throttle, 20, "lambda", "UpdateFunctionCode") == 0
    assert accepted(throttle, 20, "lambda", "GetPolicy") == 15
    assert accepted(throttle, 1_000, "lambda", "Invoke") == 1_000
    assert accepted(throttle, 1_000, "s3", "PutObject") == 1_000


@pytest.mark.parametrize(
    ("service", "error"),
    [
        ("lambda", ("TooManyRequestsException", 429)),
        ("cloudwatch", ("Throttling", 400)),
        ("stepfunctions", ("ThrottlingException", 400)),
    ],
)
def test_the_error_is_that_of_the_service(service, error):
    assert error_of(service) == error
