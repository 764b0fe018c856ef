"""Ends processes of functions that are idle when a new one would make more than may run at once.

MiniStack keeps all that a burst has started for five minutes. The bursts of several functions one after the other would
fill the memory: of each function as many as may run at once. The first process of each function is kept.
"""

from __future__ import annotations

from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from localaws.hooks import wrap


def install() -> None:
    """Look at idle processes before each new one. Raises AttributeError when MiniStack lacks a function to change."""

    @wrap(lambda_svc, "acquire_worker")
    def _(original: Any, *args: Any, **options: Any) -> Any:
        worker, how = original(*args, **options)
        if how == "spawn" and _kept() > lambda_svc._ACCOUNT_CONCURRENCY_CAP > 0:
            lambda_runtime.reap_idle_workers(0)
        return worker, how


def _kept() -> int:
    with lambda_runtime._lock:
        return sum(map(len, lambda_runtime._workers.values()))
