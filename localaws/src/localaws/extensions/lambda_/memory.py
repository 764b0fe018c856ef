"""Ends an invocation that uses more memory than the function's `MemorySize`, and logs how much each one used.

Counted is the resident memory of the worker and of the processes that it starts, on Linux. Reserved address space does
not count.
"""

from __future__ import annotations

import threading
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from localaws.functions.memory import MIB, MemoryWatch, Watched
from localaws.hooks import wrap


def install() -> None:
    """Watch the memory of each invocation of the workers for Python."""
    watch = MemoryWatch()
    last = threading.local()

    @wrap(lambda_runtime.Worker, "invoke")
    def _(original: Any, worker: Any, *args: Any, **kwargs: Any) -> Any:
        if not str(worker.config.get("Runtime", "")).startswith("python"):
            return original(worker, *args, **kwargs)
        watched = _watched(worker)
        worker.localaws_out_of_memory = False
        try:
            with watch.watching(watched):
                return original(worker, *args, **kwargs)
        finally:
            last.peak_bytes = watched.finish()
            worker.localaws_out_of_memory = watched.exceeded

    @wrap(lambda_svc, "_execute_function_warm")
    def _(original: Any, *args: Any) -> Any:
        last.peak_bytes = None
        return original(*args)

    @wrap(lambda_svc, "_probe_peak_memory_mb")
    def _(original: Any, function: Any) -> int:
        peak: int | None = getattr(last, "peak_bytes", None)
        return original(function) if peak is None else -(-peak // MIB)


def _watched(worker: Any) -> Watched:
    def pid() -> int | None:
        process = worker._proc
        return None if process is None else process.pid

    return Watched(pid, int(worker.config.get("MemorySize", 128)) * MIB, lambda: lambda_runtime._signal(worker._proc))
