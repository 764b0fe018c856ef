"""Treats HTTP on the loopback interface as secure transport: it does not leave the machine.

Buckets and queues often deny requests without TLS. With `LOCALAWS_AUTH=1` MiniStack enforces that, and would refuse
every client. To configure certificates for Spark, DuckDB, Terraform and each Lambda would test no policy better.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from ministack import app
from ministack.core import iam_evaluator

from localaws.hooks import wrap


def install() -> None:
    """Make `aws:SecureTransport` true for requests and for calls between services.

    Raises AttributeError when this version of MiniStack does not have it.
    """
    if not hasattr(iam_evaluator, "_request_origin"):
        raise AttributeError("MiniStack's policy evaluator no longer has _request_origin")
    iam_evaluator._request_origin = ContextVar("localaws_request_origin", default=("127.0.0.1", True))

    @wrap(app, "pin_request_origin")
    def _(original: Any, source_ip: str, _secure: bool) -> None:  # noqa: FBT001 -- MiniStack's signature
        original(source_ip, True)  # noqa: FBT003
