"""The warm worker: one JVM with a SparkContext, and one forked process for each job run.

`localaws.spark.pool` starts it, writes requests to the socket given by `--control`, and reads results from it.
Stdout and stderr are those of the run in progress; a mark on both follows each run's output. To stop a run, kill the
worker's process group: a cancelled run whose threads still commit would be worse than a cold start.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import queue
import shutil
import signal
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from localaws.spark import driver, job, warm_up
from localaws.spark.messages import WARM_UP, RunRequest, RunResult, encode, end_mark

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

# Each run has a new Python process; this limits what the JVM may leak.
MAX_RUNS = 200
PRELOADED = ("pydantic", "yaml")  # modules that most jobs import: they are loaded once, before the fork

forking = multiprocessing.get_context("fork")


def main() -> None:
    """Run requests until the control socket closes or a result is not reusable."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--control", type=int, required=True)
    control = socket.socket(fileno=parser.parse_args().control)
    lines = control.makefile("rb")
    start = json.loads(lines.readline())
    for name in PRELOADED:
        __import__(name)
    spark = driver.start(start["conf"], start["java_flags"])
    _in_child(lambda: _attach(spark))
    control.sendall(encode(RunResult(succeeded=True, message="ready")))
    requests: queue.SimpleQueue[RunRequest | None] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(lines.readline, requests), daemon=True).start()
    for count in range(1, MAX_RUNS + 1):
        request = requests.get()
        if request is None:
            break
        result = _serve(request, spark)
        result = replace(result, reusable=result.reusable and count < MAX_RUNS)
        control.sendall(encode(result))
        if not result.reusable:
            break
    # Wait for the JVM to end by itself, so that it can write an archive of its classes.
    control.close()
    spark.process.communicate()
    raise SystemExit(spark.process.returncode)


def _read_requests(readline: Callable[[], bytes], requests: queue.SimpleQueue[RunRequest | None]) -> None:
    while line := readline():
        text = json.loads(line)
        if text.get("end"):
            requests.put(None)
        else:
            requests.put(RunRequest(**text))
    # Closed without "end": the server has ended, and nothing waits for a run in progress.
    os.killpg(0, signal.SIGKILL)


def _serve(request: RunRequest, spark: driver.Driver) -> RunResult:
    directory = Path(request.directory)
    directory.mkdir(parents=True)
    try:
        if request.script_uri == WARM_UP:
            result = _in_child(lambda: warm_up.run(request, spark))
        else:
            result = _in_child(lambda: job.run(request, spark))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    for stream in (sys.stdout, sys.stderr):
        # Unbuffered, and on a separate line even if the last line of the run is not complete.
        os.write(stream.fileno(), b"\n" + end_mark(request.run_id) + b"\n")
    if spark.process.poll() is not None:
        return RunResult(result.succeeded, result.message, reusable=False)
    return result


def _in_child(work: Callable[[], RunResult]) -> RunResult:
    """Return the result of the work in a forked process, or one for its exit code when it ends without a result."""
    results, sender = forking.Pipe(duplex=False)
    child = forking.Process(target=_send_result, args=(work, sender))
    child.start()
    sender.close()
    try:
        result = RunResult(**json.loads(results.recv_bytes()))
    except EOFError:
        child.join()
        return _result_of_exit_code(child.exitcode or 0)
    child.join()
    return result


def _send_result(work: Callable[[], RunResult], sender: Connection) -> None:
    result = work()
    sys.stdout.flush()
    sys.stderr.flush()
    sender.send_bytes(encode(result))  # not pickled: a job's process has unloaded the modules of this package


def _result_of_exit_code(code: int) -> RunResult:
    if code == 0:
        return RunResult(succeeded=True, reusable=False)
    if code < 0:
        name = signal.Signals(-code).name
        message = f"Command failed with exit code {128 - code}: the job's process was ended by {name}"
        return RunResult(succeeded=False, message=message, reusable=False)
    return RunResult(succeeded=False, message=f"Command failed with exit code {code}", reusable=False)


def _attach(spark: driver.Driver) -> RunResult:
    driver.attach(spark)
    return RunResult(succeeded=True)


if __name__ == "__main__":
    main()
