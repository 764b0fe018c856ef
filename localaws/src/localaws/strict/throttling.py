"""AWS's rates of API calls: a bucket of tokens for each operation, filled at a constant rate.

The numbers are those of AWS's service quotas for us-east-1 in November 2026, defaults of an account without increases.
AWS publishes none for Glue: its rates are an assumption, so that what starts jobs must be able to wait.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE = "Rate exceeded"


class Rate(NamedTuple):
    """How many calls are accepted at once, and how many a second after that; `shared` names a bucket of several."""

    burst: float
    per_second: float
    shared: str = ""


_LAMBDA = Rate(15, 15, "control plane")
_RATES: dict[str, dict[str, Rate]] = {
    "stepfunctions": {
        "CreateStateMachine": Rate(100, 1),
        "DeleteStateMachine": Rate(100, 1),
        "DescribeExecution": Rate(300, 15),
        "DescribeStateMachine": Rate(200, 20),
        "DescribeStateMachineForExecution": Rate(200, 1),
        "GetExecutionHistory": Rate(400, 20),
        "ListExecutions": Rate(200, 5),
        "ListStateMachines": Rate(100, 5),
        "ListTagsForResource": Rate(100, 1),
        "SendTaskFailure": Rate(3_000, 500),
        "SendTaskHeartbeat": Rate(3_000, 500),
        "SendTaskSuccess": Rate(3_000, 500),
        "StartExecution": Rate(1_300, 300),
        "StopExecution": Rate(1_000, 200),
        "TagResource": Rate(200, 1),
        "UpdateStateMachine": Rate(100, 1),
    },
    "lambda": {
        "GetFunction": Rate(100, 100),
        "GetPolicy": Rate(15, 15),
        "*": _LAMBDA,
    },
    "athena": {
        "BatchGetQueryExecution": Rate(40, 20),
        "GetQueryExecution": Rate(200, 100),
        "GetQueryResults": Rate(200, 100),
        "ListQueryExecutions": Rate(10, 5),
        "StartQueryExecution": Rate(80, 20),
        "StopQueryExecution": Rate(80, 20),
    },
    "glue": {
        "GetJobRun": Rate(100, 20),
        "StartJobRun": Rate(20, 5),
    },
    "cloudwatch": {
        "GetMetricData": Rate(50, 50),
        "PutMetricData": Rate(500, 500),
    },
    "logs": {
        "FilterLogEvents": Rate(25, 25),
        "GetLogEvents": Rate(25, 25),
        "StartQuery": Rate(5, 5),
    },
}
"""By service (botocore's name) and operation; `*` are all others of the service."""
# Invocations have no rate but the account's concurrency.
_UNLIMITED = frozenset({("lambda", "Invoke"), ("lambda", "InvokeAsync"), ("lambda", "InvokeWithResponseStream")})
_CODES = {"lambda": ("TooManyRequestsException", 429), "cloudwatch": ("Throttling", 400)}
_DEFAULT_CODE = ("ThrottlingException", 400)


def rate_of(service: str, operation: str) -> Rate | None:
    """Return the rate of an operation; None when it has none."""
    if (service, operation) in _UNLIMITED:
        return None
    rates = _RATES.get(service, {})
    return rates.get(operation) or rates.get("*")


def error_of(service: str) -> tuple[str, int]:
    """Return the error code and the HTTP status with which a service refuses a call over its rate."""
    return _CODES.get(service, _DEFAULT_CODE)


@dataclass
class Bucket:
    """The tokens of one operation, and when they were counted."""

    rate: Rate
    tokens: float
    counted: float


@dataclass
class Throttle:
    """The buckets of an account. `factor` scales all rates: 1 is AWS, 0.1 a tenth, 0 none at all."""

    factor: float
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accepts(self, service: str, operation: str) -> bool:
        """Count a call. Returns whether AWS would carry it out."""
        rate = rate_of(service, operation) if self.factor else None
        if rate is None:
            return True
        with self._lock:
            bucket = self._bucket((service, rate.shared or operation), rate)
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True

    def _bucket(self, key: tuple[str, str], rate: Rate) -> Bucket:
        now, most = self.clock(), max(1.0, rate.burst * self.factor)
        bucket = self._buckets.setdefault(key, Bucket(rate, most, now))
        bucket.tokens = min(most, bucket.tokens + (now - bucket.counted) * rate.per_second * self.factor)
        bucket.counted = now
        return bucket
