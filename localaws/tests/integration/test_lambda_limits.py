"""Lambda functions at their limits: the answers of AWS, asserted through its API."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localaws.testing.server import eventually, running

pytestmark = pytest.mark.integration

ECHO = "def handler(event, context): return event"


def invoke(localaws, name, payload=None, **settings):
    answer = localaws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(payload), **settings)
    return answer.get("FunctionError"), json.loads(answer["Payload"].read() or "null")


def refused(call, *arguments, **settings):
    with pytest.raises(ClientError) as caught:
        call(*arguments, **settings)
    error = caught.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Message"]


def gone(pid, seconds=10):
    """Whether a process ends within some seconds: what was killed may take a moment on a busy machine."""
    deadline = time.monotonic() + seconds
    while not (ended := _ended(pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return ended


def _ended(pid):
    """Whether a process has ended; one that waits to be collected has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def machine_of(arn):
    return {
        "StartAt": "Call",
        "States": {
            "Call": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": arn, "Payload.$": "$"},
                "End": True,
            }
        },
    }


@pytest.fixture
def state_error(localaws, name):
    """Run a function in a state machine, and return the error and cause of the execution."""

    def run(arn, payload=None):
        states = localaws.client("stepfunctions")
        started = states.start_execution(
            stateMachineArn=localaws.machine(name, machine_of(arn)), input=json.dumps(payload or {})
        )
        ended = localaws.ended(started["executionArn"])
        assert ended["status"] == "FAILED"
        return ended["error"], ended["cause"]

    return run


class TestErrors:
    def test_a_timeout_has_awss_name_and_ends_all_processes_and_state(self, localaws, name):
        code = (
            "import os, subprocess, tempfile, time\n"
            "calls = []\n"
            "def handler(event, context):\n"
            "    calls.append(1)\n"
            "    folder = tempfile.gettempdir()\n"
            "    found = sorted(n for n in os.listdir(folder) if n.endswith('.mark'))\n"
            "    open(f'{folder}/{len(calls)}.mark', 'w').close()\n"
            "    if not event: return len(calls), found, os.getpid()\n"
            "    child = subprocess.Popen(['sleep', '300'])\n"
            "    open(event, 'w').write(f'{os.getpid()} {child.pid}')\n"
            "    time.sleep(300)\n"
        )
        pids = localaws.settings.home / f"{name}.pids"
        localaws.function(name, code, Timeout=5)
        assert invoke(localaws, name)[1][:2] == [1, []]
        assert invoke(localaws, name)[1][:2] == [2, ["1.mark"]]
        started = time.monotonic()

        error, payload = invoke(localaws, name, str(pids))

        assert 5 <= time.monotonic() - started < 60
        assert error == "Unhandled"
        assert set(payload) == {"errorType", "errorMessage"}
        assert payload["errorType"] == "Sandbox.Timedout"
        assert payload["errorMessage"].startswith("RequestId: ")
        assert payload["errorMessage"].endswith(" Error: Task timed out after 5.00 seconds")
        worker, child = pids.read_text().split()
        assert gone(worker)
        assert gone(child)
        assert invoke(localaws, name)[1][:2] == [1, []]

    def test_a_state_machine_sees_a_timeout_by_its_name(self, localaws, name, state_error):
        arn = localaws.function(name, "import time\ndef handler(event, context): time.sleep(60)", Timeout=1)

        error, cause = state_error(arn)

        assert error == "Sandbox.Timedout"
        assert json.loads(cause)["errorMessage"].endswith("Task timed out after 1.00 seconds")

    @pytest.mark.parametrize(
        ("code", "error_type", "message"),
        [
            pytest.param(
                "import os\ndef handler(event, context): os._exit(3)",
                "Runtime.ExitError",
                "Runtime exited with error: exit status 3",
                id="exit",
            ),
            pytest.param(
                "import os, subprocess\n"
                "def handler(event, context):\n"
                "    subprocess.Popen(['sh', '-c', 'read x; echo $x; sleep 25'])\n"
                "    os._exit(3)",
                "Runtime.ExitError",
                "Runtime exited with error: exit status 3",
                id="exit while a child runs",
            ),
            pytest.param(
                "import sys\ndef handler(event, context): sys.exit(0)",
                "Runtime.ExitError",
                "Runtime exited without providing a reason",
                id="exit without a reason",
            ),
            pytest.param(
                "import os\ndef handler(event, context): os.kill(os.getpid(), 11)",
                "Runtime.ExitError",
                "Runtime exited with error: signal: segmentation fault",
                id="signal",
            ),
            pytest.param(
                "import sys\nsys.exit(1)\ndef handler(event, context): pass",
                "Runtime.ExitError",
                "Runtime exited with error: exit status 1",
                id="exit at start",
            ),
            pytest.param(
                "import not_there\ndef handler(event, context): pass",
                "Runtime.ImportModuleError",
                "Unable to import module 'function': No module named 'not_there'",
                id="import",
            ),
            pytest.param(
                "def other(event, context): pass",
                "Runtime.HandlerNotFound",
                "Handler 'handler' missing on module 'function'",
                id="handler",
            ),
            pytest.param("x = {}['k']\ndef handler(event, context): pass", "KeyError", "'k'", id="raised at start"),
            pytest.param(
                "import json\njson.nothing\ndef handler(event, context): pass",
                "AttributeError",
                "module 'json' has no attribute 'nothing'",
                id="another attribute",
            ),
            pytest.param(
                "def handler(event, context):", "Runtime.UserCodeSyntaxError", "Syntax error in module", id="syntax"
            ),
            pytest.param(
                "def handler(event, context): return object()",
                "Runtime.MarshalError",
                "Unable to marshal response: Object of type object is not JSON serializable",
                id="result",
            ),
        ],
    )
    def test_a_function_that_ends_or_cannot_start_says_why(self, localaws, name, code, error_type, message):
        localaws.function(name, code)

        error, payload = invoke(localaws, name)

        assert error == "Unhandled"
        assert payload["errorType"] == error_type
        assert message in payload["errorMessage"]

    def test_a_state_machine_sees_an_exit_by_its_name(self, localaws, name, state_error):
        error, cause = state_error(localaws.function(name, "import os\ndef handler(event, context): os._exit(1)"))

        assert error == "Runtime.ExitError"
        assert json.loads(cause)["errorType"] == error

    def test_an_exception_leaves_the_worker_warm(self, localaws, name):
        localaws.function(
            name, "calls = []\ndef handler(event, context):\n    calls.append(1)\n    raise KeyError(len(calls))"
        )

        assert [invoke(localaws, name)[1]["errorMessage"] for _ in range(2)] == ["1", "2"]


GROW = (
    "import os, subprocess, sys, time\n"
    "kept = []\n"
    "def handler(event, context):\n"
    "    for _ in range(event.get('steps', 0)):\n"
    "        kept.append(bytearray(os.urandom(1)) * (20 << 20))\n"
    "        time.sleep(event.get('pause', 0))\n"
    "    if event.get('free'): kept.clear()\n"
    "    if event.get('child'):\n"
    "        code = f\"x = bytearray(b'1') * ({event['child']} << 20); import time; time.sleep(60)\"\n"
    "        subprocess.run([sys.executable, '-I', '-S', '-c', code])\n"
    "    return os.getpid()\n"
)


class TestMemory:
    def test_a_function_over_its_memory_is_ended_and_says_so(self, localaws, name, state_error):
        arn = localaws.function(name, GROW, MemorySize=128)
        _, pid = invoke(localaws, name, {"steps": 2, "free": True})

        error, payload = invoke(localaws, name, {"steps": 50, "pause": 0.05})

        assert error == "Unhandled"
        assert payload["errorType"] == "Runtime.OutOfMemory"
        assert payload["errorMessage"].endswith(" Error: Runtime exited with error: signal: killed")
        assert gone(pid)
        assert invoke(localaws, name, {"steps": 1})[0] is None
        assert state_error(arn, {"steps": 50})[0] == "Runtime.OutOfMemory"

    def test_memory_that_is_given_back_before_anyone_looks_counts_too(self, localaws, name):
        localaws.function(name, GROW, MemorySize=128)

        assert invoke(localaws, name, {"steps": 8, "free": True})[1]["errorType"] == "Runtime.OutOfMemory"

    def test_the_memory_of_its_children_counts(self, localaws, name):
        localaws.function(name, GROW, MemorySize=128, Timeout=50)

        assert invoke(localaws, name, {"child": 200})[1]["errorType"] == "Runtime.OutOfMemory"

    def test_address_space_that_is_only_reserved_does_not_count(self, localaws, name):
        localaws.function(
            name, "import mmap\ndef handler(event, context): return len(mmap.mmap(-1, 2 << 30))", MemorySize=128
        )

        assert invoke(localaws, name) == (None, 2 << 30)

    def test_the_log_says_how_much_was_used(self, localaws, name, eventually):
        localaws.function(name, GROW, MemorySize=256)
        invoke(localaws, name, {"steps": 4, "free": True})

        logs = localaws.client("logs")
        (report,) = eventually(
            lambda: logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="REPORT")["events"]
        )

        used = int(report["message"].rpartition("Max Memory Used: ")[2].split()[0])
        assert 80 < used < 256


class TestStorage:
    WRITE = (
        "import os, shutil, tempfile\n"
        "def handler(event, context):\n"
        "    if event == 'home': os.makedirs(os.path.expanduser('~/.cache'))\n"
        "    if event == 'code': open('mine', 'w')\n"
        "    if event == 'look': return [os.path.exists('/tmp/kept'), tempfile.gettempdir(), os.getpid()]\n"
        "    with open('/tmp/kept', 'wb', buffering=0) as file:\n"
        "        for _ in range(event): file.write(bytes(1 << 20))\n"
        "    return shutil.disk_usage('/tmp').total >> 20\n"
    )

    def test_tmp_has_its_size_and_is_kept_by_a_warm_worker_only(self, localaws, name):
        localaws.function(name, self.WRITE, EphemeralStorage={"Size": 512}, Timeout=60)

        assert invoke(localaws, name, "look")[1][:2] == [False, "/tmp"]
        assert invoke(localaws, name, 500) == (None, 512)
        error, payload = invoke(localaws, name, 520)
        assert error == "Unhandled"
        assert (payload["errorType"], payload["errorMessage"]) == ("OSError", "[Errno 28] No space left on device")
        assert invoke(localaws, name, "look")[1][:2] == [True, "/tmp"]
        assert not Path("/tmp/kept").exists()
        localaws.client("lambda").update_function_configuration(FunctionName=name, Description="a new worker")
        localaws.client("lambda").update_function_configuration(FunctionName=name, Timeout=61)
        assert invoke(localaws, name, "look")[1][0] is False

    @pytest.mark.parametrize("place", ["home", "code"])
    def test_nothing_else_can_be_written(self, localaws, name, place):
        localaws.function(name, self.WRITE)

        _, payload = invoke(localaws, name, place)

        assert payload["errorType"] == "OSError"
        assert payload["errorMessage"].startswith("[Errno 30] Read-only file system")


class TestSizes:
    def test_payloads_are_limited(self, localaws, name):
        localaws.function(name, "def handler(event, context): return 'x' * event if isinstance(event, int) else None")
        call = localaws.client("lambda").invoke

        code, status, message = refused(call, FunctionName=name, Payload=json.dumps("x" * (6 << 20)))
        assert (code, status) == ("RequestEntityTooLargeException", 413)
        assert message == "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
        large = json.dumps("x" * (1 << 20))
        code, status, message = refused(call, FunctionName=name, Payload=large, InvocationType="Event")
        assert (code, status) == ("RequestEntityTooLargeException", 413)
        assert message == "1048578 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
        assert invoke(localaws, name, "x" * (5 << 20)) == (None, None)
        assert len(invoke(localaws, name, 6 << 20)[1]) == 6 << 20
        error, payload = invoke(localaws, name, (6 << 20) + 100)
        assert (error, payload["errorType"]) == ("Unhandled", "Function.ResponseSizeTooLarge")

    def test_variables_are_limited(self, localaws, name):
        small, large = ({"Variables": {"AB": "x" * size}} for size in (4096 - 9, 4096 - 8))

        code, status, message = refused(localaws.function, name, ECHO, Environment=large)
        assert (code, status) == ("InvalidParameterValueException", 400)
        assert "exceeded the 4KB limit. String measured: " in message
        localaws.function(name, ECHO, Environment=small)
        update = localaws.client("lambda").update_function_configuration
        assert refused(update, FunctionName=name, Environment=large)[0] == "InvalidParameterValueException"
        assert invoke(localaws, name, 1) == (None, 1)


HOLD = (
    "import os, time\n"
    "def handler(event, context):\n"
    "    if not event: return\n"
    "    open(event + '.started', 'w').close()\n"
    "    while not os.path.exists(event + '.end'): time.sleep(0.05)\n"
)


class TestConcurrency:
    @contextmanager
    def busy(self, localaws, name):
        """Return a context manager in which an invocation of the function runs."""
        path = localaws.settings.home / name
        with ThreadPoolExecutor(1) as pool:
            running_invocation = pool.submit(invoke, localaws, name, str(path))
            eventually(path.with_suffix(".started").exists, seconds=60)
            yield
            path.with_suffix(".end").touch()
            assert running_invocation.result() == (None, None)

    def test_a_reserved_limit_throttles_calls_and_delays_events(self, localaws, name, state_error):
        heard, _ = localaws.queue(name)
        send = f"    if not event: boto3.client('sqs').send_message(QueueUrl='{heard}', MessageBody='event')\n"
        arn = localaws.function(name, f"import boto3\n{HOLD}".replace("    if not", f"{send}    if not"), Timeout=60)
        localaws.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)

        with self.busy(localaws, name):
            localaws.client("lambda").invoke(FunctionName=name, Payload="null", InvocationType="Event")
            with pytest.raises(ClientError) as caught:
                localaws.client("lambda").invoke(FunctionName=name, Payload="0")
            error, cause = state_error(arn)
            assert localaws.received(heard, seconds=1) == []

        assert caught.value.response["Error"] == {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
        assert error == "Lambda.TooManyRequestsException"
        assert cause == "Rate Exceeded. (Service: Lambda, Status Code: 429)"
        assert localaws.received(heard, seconds=60) == ["event"]

    def test_the_account_has_a_limit_that_can_be_set(self, tmp_path, monkeypatch, name):
        monkeypatch.setenv("LOCALAWS_LAMBDA_CONCURRENCY", "1")
        with running(tmp_path) as own:
            own.function(name, HOLD, Timeout=60)
            own.function(f"{name}-other", ECHO)
            client = own.client("lambda")
            assert client.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 1

            with self.busy(own, name), pytest.raises(ClientError) as caught:
                client.invoke(FunctionName=f"{name}-other", Payload="0")

            assert caught.value.response["Reason"] == "ConcurrentInvocationLimitExceeded"
            code, _, message = refused(
                client.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=1
            )
            assert code == "InvalidParameterValueException"
            assert message.endswith("below its minimum value of [1].")

    def test_idle_processes_of_one_function_make_room_for_those_of_another(self, tmp_path, monkeypatch, name):
        monkeypatch.setenv("LOCALAWS_LAMBDA_CONCURRENCY", "2")
        code = "import os, time\ndef handler(event, context):\n    time.sleep(3)\n    return os.getpid()\n"
        with running(tmp_path) as own, ThreadPoolExecutor(2) as pool:
            own.function(name, code, Timeout=60)
            own.function(f"{name}-other", code, Timeout=60)
            first = {pid for _, pid in pool.map(lambda _: invoke(own, name), range(2))}

            others = {pid for _, pid in pool.map(lambda _: invoke(own, f"{name}-other"), range(2))}

            assert (len(first), len(others)) == (2, 2)
            assert eventually(lambda: sorted(map(_ended, first)) == [False, True], seconds=10)
            assert not any(map(_ended, others))


class TestFaults:
    def test_lambda_itself_fails_when_a_test_orders_it(self, localaws, name, state_error):
        arn = localaws.function(name, ECHO)
        localaws.fail_invocations(name, "ServiceException")
        code, status, _ = refused(localaws.client("lambda").invoke, FunctionName=name)
        assert (code, status) == ("ServiceException", 500)
        assert invoke(localaws, name, 1) == (None, 1)

        localaws.fail_invocations(name, "SdkClientException")

        assert state_error(arn)[0] == "Lambda.SdkClientException"
