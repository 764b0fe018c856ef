import itertools
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from localaws.extensions.lambda_.errors import end_group
from localaws.extensions.lambda_.storage import SCRIPT, UNCONTAINED, kept_paths
from localaws.functions import concurrency, failures, faults, memory, sizes
from localaws.functions.memory import MIB, MemoryWatch, Watched, children, pause_seconds, peak_bytes, resident_bytes


@pytest.fixture
def python():
    """Start Python programs, each in a session of its own; end them with all their children."""
    started = []

    def start(code):
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        end_group(process)
        process.wait()
        process.stdout.close()


HOLD = "x = bytearray(b'1') * (60 << 20); print('ready', flush=True); import time; time.sleep(60)"


class TestFailures:
    @pytest.mark.parametrize(
        ("return_code", "reason"),
        [
            (0, "Runtime exited without providing a reason"),
            (None, "Runtime exited without providing a reason"),
            (3, "Runtime exited with error: exit status 3"),
            (-9, "Runtime exited with error: signal: killed"),
            (-11, "Runtime exited with error: signal: segmentation fault"),
        ],
    )
    def test_an_exit_is_described_as_aws_does(self, return_code, reason):
        assert failures.exited("id", return_code) == {
            "errorType": "Runtime.ExitError",
            "errorMessage": f"RequestId: id Error: {reason}",
        }

    def test_a_timeout_says_its_seconds(self):
        assert failures.timed_out("id", 3) == {
            "errorType": "Sandbox.Timedout",
            "errorMessage": "RequestId: id Error: Task timed out after 3.00 seconds",
        }


class TestFaults:
    @pytest.mark.parametrize(
        ("code", "status"), [("TooManyRequestsException", 429), ("ServiceException", 500), ("SdkClientException", 500)]
    )
    def test_a_state_machine_sees_errors_of_lambda_by_their_names(self, code, status):
        assert faults.state_failure(json.dumps({"__type": code, "message": "So."})) == (
            f"Lambda.{code}",
            f"So. (Service: Lambda, Status Code: {status})",
        )

    @pytest.mark.parametrize("cause", ["no json", '{"errorType": "KeyError"}', "[]"])
    def test_errors_of_the_function_keep_their_names(self, cause):
        assert faults.state_failure(cause) is None

    def test_an_order_fails_so_many_invocations_of_one_function(self, tmp_path):
        folder = tmp_path / "faults"
        assert faults.take(folder, "a") is None

        faults.order(folder, "a", "ServiceException", 2)

        assert [faults.take(folder, name) for name in ("b", "a", "a", "a")] == [
            None,
            "ServiceException",
            "ServiceException",
            None,
        ]

    def test_only_errors_of_lambda_can_be_ordered(self, tmp_path):
        with pytest.raises(faults.UnknownFaultError, match="no error 'KeyError'; there are ServiceException"):
            faults.order(tmp_path, "a", "KeyError", 1)


class TestMemory:
    def test_memory_is_measured_for_a_process_and_its_children(self, python):
        parent = python(f"import subprocess, sys\nsubprocess.run([sys.executable, '-I', '-S', '-c', {HOLD!r}])")
        parent.stdout.readline()

        (child,) = children(parent.pid)

        assert 60 * MIB < resident_bytes(child) < 120 * MIB
        assert peak_bytes(child) >= resident_bytes(child)
        assert resident_bytes(parent.pid) < 60 * MIB

    def test_a_process_that_is_not_there_has_no_memory(self):
        assert (resident_bytes(2**30), peak_bytes(2**30)) == (0, 0)

    def test_only_a_process_over_its_limit_is_ended(self, python):
        watch = MemoryWatch()
        small, large = python(HOLD), python(HOLD)
        for process in (small, large):
            process.stdout.readline()
        within = Watched(lambda: small.pid, 200 * MIB, lambda: end_group(small))
        beyond = Watched(lambda: large.pid, 50 * MIB, lambda: end_group(large))

        with watch.watching(within), watch.watching(beyond):
            assert large.wait(timeout=20) == -9

        assert (within.exceeded, beyond.exceeded) == (False, True)
        assert within.finish() > 60 * MIB
        assert beyond.finish() == 50 * MIB
        assert small.poll() is None

    def test_the_thread_sleeps_while_nothing_runs(self):
        watch = MemoryWatch()
        looks = []

        def pid():
            looks.append(1)

        with watch.watching(Watched(pid, MIB, lambda: None)):
            time.sleep(0.5)
        time.sleep(0.3)
        before = len(looks)
        time.sleep(0.3)

        assert 2 <= before <= 60
        assert len(looks) == before
        with watch.watching(Watched(pid, MIB, lambda: None)):
            time.sleep(0.3)
        assert len(looks) > before
        assert [thread.name for thread in threading.enumerate()].count("lambda-memory") >= 1

    @pytest.mark.parametrize(
        ("left_mib", "seconds"),
        [([], 0.01), ([0], 0.01), ([-5], 0.01), ([200], 200 / 4096), ([4000, 200], 200 / 4096), ([4000], 0.1)],
    )
    def test_it_looks_again_before_the_rest_can_be_filled(self, left_mib, seconds):
        assert pause_seconds([mib * MIB for mib in left_mib]) == pytest.approx(seconds)


class TestProcesses:
    def test_a_process_about_to_exit_keeps_its_exit_code(self, python):
        process = python("import os, time\nos.close(1)\ntime.sleep(0.2)\nos._exit(3)")
        process.stdout.read()

        assert end_group(process)
        assert process.wait() == 3

    def test_a_process_in_the_group_of_the_server_is_left_to_ministack(self):
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdout=subprocess.DEVNULL)
        try:
            assert not end_group(process)
            assert process.poll() is None
        finally:
            process.kill()
            process.wait()


class TestSizes:
    def test_requests(self):
        assert sizes.request_fault(6 * MIB, asynchronous=False) is None
        assert "6291456 bytes" in sizes.request_fault(6 * MIB + 1, asynchronous=False)
        assert sizes.request_fault(MIB, asynchronous=True) is None
        assert "limit 1048576 bytes" in sizes.request_fault(MIB + 1, asynchronous=True)

    def test_responses(self):
        assert sizes.response_fault(6_291_556) is None
        assert sizes.response_fault(6_291_557)["errorType"] == "Function.ResponseSizeTooLarge"

    def test_variables_are_measured_in_bytes_of_json(self):
        assert sizes.variables_fault(None) is None
        assert sizes.variables_fault({"Variables": {"A": "é" * 2044}}) is None
        assert '{"A":"é' in sizes.variables_fault({"Variables": {"A": "é" * 2045}})


class TestConcurrency:
    def test_a_reservation_leaves_a_hundred_or_all_of_a_small_account(self):
        assert concurrency.reservation_fault(1000, 900) is None
        assert concurrency.reservation_fault(1000, 901).endswith("[100].")
        assert concurrency.reservation_fault(10, 1).endswith("[10].")
        assert concurrency.reservation_fault(10, 0) is None

    def test_pauses_grow_to_a_limit(self):
        first = list(itertools.islice(concurrency.pauses(), 8))

        assert first[:3] == [0.2, 0.4, 0.8]
        assert first[-1] == 5.0


class TestStorage:
    def test_only_what_lies_in_tmp_must_be_kept_there(self):
        paths = [Path("/tmp/a/b"), Path("/tmp/a"), Path("/home/x"), Path("/tmp/c"), Path("/tmpfs/d")]

        assert kept_paths(paths) == ["/tmp/a", "/tmp/c"]

    def test_where_the_system_refuses_it_each_worker_has_a_folder_and_the_reason_is_kept(self, tmp_path):
        refusing = "def contain(*_): raise OSError(1, 'Operation not permitted')\n"
        script = SCRIPT.format(megabytes=512, kept=[], uncontained=UNCONTAINED)
        worker = tmp_path / "_worker.py"
        worker.write_text(refusing + script + "import os, tempfile\nprint(tempfile.gettempdir(), os.environ['HOME'])")

        told = subprocess.run([sys.executable, "-I", worker], capture_output=True, text=True, check=True).stdout

        assert told.split() == [str(tmp_path / "tmp"), str(tmp_path / "code" / "home")]
        assert "Operation not permitted" in (tmp_path / UNCONTAINED).read_text()


@pytest.mark.parametrize(
    ("memory_gib", "limit"), [(2, 10), (8, 16), (24, 48), (1024, 1000)], ids=["small", "laptop", "server", "largest"]
)
def test_as_many_functions_run_at_once_as_half_of_the_memory_is_enough_for(memory_gib, limit):
    assert concurrency.default_limit(memory_gib * 2**30) == limit


def test_a_container_has_the_memory_that_it_may_use(monkeypatch):
    whole = memory.machine_bytes()
    monkeypatch.setattr(Path, "read_text", lambda path: str(whole // 2))

    assert memory.machine_bytes() == whole // 2
