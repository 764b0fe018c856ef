"""The warm worker: one JVM with a SparkContext, and one forked process per job run.

Started by `localaws.spark.pool`, which writes requests to the socket given by `--control` and reads results from it.
Stdout and stderr belong to the run in progress; a mark on both ends each run's part. To stop a run, kill
the worker's process group: half a cancelled run that goes on committing is worse than a cold start.
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

from localaws.spark import driver, job, rehearsal
from localaws.spark.messages import REHEARSAL, RunRequest, RunResult, encode, end_mark

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

# The Python side is forked anew for each run; what the JVM may still leak is bounded by this.
MAX_RUNS = 200
PRELOADED = ("pydantic", "yaml")  # what most jobs import, so that a run need not

forking = multiprocessing.get_context("fork")


def main() -> None:
    """Serve requests until the control socket closes or a run leaves the worker unfit for another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--control", type=int, required=True)
    control = socket.socket(fileno=parser.parse_args().control)
    lines = control.makefile("rb")
    start = json.loads(lines.readline())
    for name in PRELOADED:
        __import__(name)
    spark = driver.start(start["conf"], start["java_flags"])
    _in_child(lambda: _warm_up(spark))
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
    # In good order, so that a JVM that records an archive of its classes can write it.
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
    # Closed without "end": the server is gone, and nothing waits for a run in progress.
    os.killpg(0, signal.SIGKILL)


def _serve(request: RunRequest, spark: driver.Driver) -> RunResult:
    directory = Path(request.directory)
    directory.mkdir(parents=True)
    try:
        if request.script_uri == REHEARSAL:
            result = _in_child(lambda: rehearsal.run(request, spark))
        else:
            result = _in_child(lambda: job.run(request, spark))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    for stream in (sys.stdout, sys.stderr):
        # Raw, and on a line of its own whatever the run wrote last.
        os.write(stream.fileno(), b"\n" + end_mark(request.run_id) + b"\n")
    if spark.process.poll() is not None:
        return RunResult(result.succeeded, result.message, reusable=False)
    return result


def _in_child(work: Callable[[], RunResult]) -> RunResult:
    """Do the work in a forked process, and return its result; if it ends without one, what its exit code means."""
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
    sender.send_bytes(encode(result))  # not pickled: a job's process has forgotten the modules of this package


def _result_of_exit_code(code: int) -> RunResult:
    if code == 0:
        return RunResult(succeeded=True, reusable=False)
    if code < 0:
        name = signal.Signals(-code).name
        message = f"Command failed with exit code {128 - code}: the job's process was ended by {name}"
        return RunResult(succeeded=False, message=message, reusable=False)
    return RunResult(succeeded=False, message=f"Command failed with exit code {code}", reusable=False)


def _warm_up(spark: driver.Driver) -> RunResult:
    driver.attach(spark)
    return RunResult(succeeded=True)


if __name__ == "__main__":
    main()
