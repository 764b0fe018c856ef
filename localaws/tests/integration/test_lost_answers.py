"""Clients that lose a response and repeat the request, as SDKs do; connections that end only when the client ends."""

import http.client
import json
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from localaws import server
from localaws.paths import Paths

pytestmark = pytest.mark.integration

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def as_attempt(client, number, invocation_id):
    """Set the headers of the client's next calls to this attempt of one invocation."""

    def rename(request, **_):
        for name in ("amz-sdk-invocation-id", "amz-sdk-request"):
            del request.headers[name]
        request.headers["amz-sdk-invocation-id"] = invocation_id
        request.headers["amz-sdk-request"] = f"attempt={number}; max=25"

    client.meta.events.unregister("before-send", unique_id="attempt")
    client.meta.events.register("before-send", rename, unique_id="attempt")


def lose_the_answer(client, call):
    """Send the first attempt of a call on a connection that is closed before the response; return its invocation."""
    invocation_id = str(uuid.uuid4())
    as_attempt(client, 1, invocation_id)

    class SentError(Exception):
        pass

    def send_and_hang_up(request, **_):
        url = urlsplit(request.url)
        body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
        headers = {name: value if isinstance(value, str) else value.decode() for name, value in request.headers.items()}
        lines = [f"{request.method} {url.path or '/'} HTTP/1.1", f"Host: {url.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        with socket.create_connection((url.hostname, url.port)) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        raise SentError

    client.meta.events.register_last("before-send", send_and_hang_up, unique_id="hang-up")
    with pytest.raises(SentError):
        call()
    client.meta.events.unregister("before-send", unique_id="hang-up")
    return invocation_id


class TestLostAnswers:
    def test_a_repeated_create_role_creates_one_role(self, localaws, name, eventually):
        iam = localaws.client("iam")

        def create():
            return iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]

        invocation_id = lose_the_answer(iam, create)
        other = localaws.client("iam")
        there = eventually(lambda: [role for role in other.list_roles()["Roles"] if role["RoleName"] == name])
        as_attempt(iam, 2, invocation_id)

        assert create()["RoleId"] == there[0]["RoleId"]
        with pytest.raises(other.exceptions.EntityAlreadyExistsException):
            other.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)

    def test_a_repeated_create_log_group_creates_one_group(self, localaws, name):
        logs = localaws.client("logs")

        invocation_id = lose_the_answer(logs, lambda: logs.create_log_group(logGroupName=name))
        as_attempt(logs, 2, invocation_id)
        logs.create_log_group(logGroupName=name)

        other = localaws.client("logs")
        assert len(other.describe_log_groups(logGroupNamePrefix=name)["logGroups"]) == 1
        with pytest.raises(other.exceptions.ResourceAlreadyExistsException):
            other.create_log_group(logGroupName=name)

    def test_a_repeated_add_permission_adds_one_permission(self, localaws, name):
        localaws.function(name, "def handler(event, context):\n    pass")
        functions = localaws.client("lambda")
        permission = {"FunctionName": name, "StatementId": "s3", "Action": "lambda:InvokeFunction"}

        def add():
            return functions.add_permission(**permission, Principal="s3.amazonaws.com")["Statement"]

        invocation_id = lose_the_answer(functions, add)
        as_attempt(functions, 2, invocation_id)

        assert json.loads(add())["Sid"] == "s3"
        other = localaws.client("lambda")
        assert len(json.loads(other.get_policy(FunctionName=name)["Policy"])["Statement"]) == 1
        with pytest.raises(other.exceptions.ResourceConflictException):
            other.add_permission(**permission, Principal="s3.amazonaws.com")

    def test_a_request_repeated_after_an_error_is_carried_out(self, localaws, name):
        iam = localaws.client("iam")
        as_attempt(iam, 1, name)
        with pytest.raises(iam.exceptions.NoSuchEntityException):
            iam.get_role(RoleName=name)
        localaws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)

        as_attempt(iam, 2, name)

        assert iam.get_role(RoleName=name)["Role"]["RoleName"] == name

    def test_a_request_repeated_during_the_first_attempt_waits_for_it(self, localaws, name):
        localaws.function(name, "import time\ndef handler(event, context):\n    time.sleep(2)\n    return time.time()")

        def invoke(attempt):
            functions = localaws.client("lambda")
            as_attempt(functions, attempt, name)
            time.sleep(attempt * 0.3)
            return functions.invoke(FunctionName=name)["Payload"].read()

        with ThreadPoolExecutor(2) as pool:
            first, again = pool.map(invoke, (1, 2))

        assert first == again

    def test_the_log_names_every_repeated_request(self, localaws, name):
        logs = localaws.client("logs")
        for attempt in (1, 2):
            as_attempt(logs, attempt, name)
            logs.create_log_group(logGroupName=name)

        log = Paths(localaws.settings.home).server_log.read_text()
        assert f"repeated request: CreateLogGroup, attempt 2 of invocation {name}: answered with the response of" in log


class TestConnections:
    def test_one_connection_serves_any_number_of_requests(self, localaws):
        address = urlsplit(localaws.endpoint)
        connection = http.client.HTTPConnection(address.hostname, address.port)
        connection.connect()
        connection.auto_open = 0  # a closed connection is an error, not opened again

        for _ in range(1100):
            connection.request("GET", "/_ministack/health")
            connection.getresponse().read()

        connection.close()

    def test_a_connection_ends_when_its_client_closes_it(self, own_localaws, eventually):
        address = urlsplit(own_localaws.endpoint)
        pid = server.status(own_localaws.settings).pid

        def open_files():
            return len(list(Path(f"/proc/{pid}/fd").iterdir()))

        connections = [http.client.HTTPConnection(address.hostname, address.port) for _ in range(50)]
        for connection in connections:
            connection.request("GET", "/_ministack/health")
            connection.getresponse().read()
        held = open_files()

        for connection in connections:
            connection.close()

        assert eventually(lambda: open_files() <= held - 50, seconds=10)
