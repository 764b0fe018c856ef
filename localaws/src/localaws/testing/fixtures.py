"""A private embedded AWS for the tests of one session: own port, own state, gone afterwards."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from localaws import server
from localaws.testing.athena_lake import Lake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

ROLE = "arn:aws:iam::000000000000:role/test"


@dataclass(frozen=True)
class LocalAws:
    """A running embedded AWS: its checkout root, its endpoint, the environment of its clients."""

    root: Path
    endpoint: str
    env: dict[str, str]

    def client(self, service: str, **config: Any) -> Any:
        """Return a boto3 client of it that never retries, so that a test sees the first answer."""
        session: Any = boto3.Session(
            aws_access_key_id=self.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.env["AWS_SECRET_ACCESS_KEY"],
            region_name=self.env["AWS_REGION"],
        )
        settings = Config(retries={"total_max_attempts": 1}, read_timeout=120, **config)
        return session.client(service, endpoint_url=self.endpoint, config=settings)

    def function(self, name: str, code: str, **settings: Any) -> str:
        """Create a Lambda of one Python file and return its ARN. Its handler is `handler`."""
        created = self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler="function.handler",
            Code={"ZipFile": zipped({"function.py": code})},
            **{"Timeout": 30, "Role": ROLE} | settings,
        )
        return str(created["FunctionArn"])

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """Create a queue; return its URL and its ARN."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return url, arn

    def received(self, url: str, seconds: float = 20) -> list[str]:
        """Return the bodies of the queue's messages, waiting for the first, and delete them."""
        sqs = self.client("sqs")
        found: list[str] = []
        deadline = time.monotonic() + seconds
        while not found and time.monotonic() < deadline:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                found.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def subscribed_queue(self, name: str, pattern: dict[str, Any], bus: str = "default") -> str:
        """Create a queue that gets every event of a bus that matches the pattern; return its URL."""
        url, arn = self.queue(name)
        events = self.client("events")
        events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
        return url

    def machine(self, name: str, definition: dict[str, Any]) -> str:
        """Create a state machine; return its ARN."""
        states = self.client("stepfunctions")
        created = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        return str(created["stateMachineArn"])

    def ended(self, execution_arn: str, seconds: float = 30) -> dict[str, Any]:
        """Return the execution's description once it has ended."""
        states = self.client("stepfunctions")

        def description() -> dict[str, Any] | None:
            found: dict[str, Any] = states.describe_execution(executionArn=execution_arn)
            return None if found["status"] == "RUNNING" else found

        ended: dict[str, Any] = eventually(description, seconds)
        return ended


def zipped(files: dict[str, str]) -> bytes:
    """Return a zip of the files: name → text."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def eventually(attempt: Callable[[], Any], seconds: float = 20) -> Any:
    """Return the first truthy result of the attempt. Fails the test when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := attempt():
            return result
        time.sleep(0.1)
    return pytest.fail(f"nothing came within {seconds} s")


@contextmanager
def running(root: Path) -> Iterator[LocalAws]:
    started = server.start(root)
    try:
        yield LocalAws(root, started.endpoint, server.client_environment(root))
    finally:
        server.stop(root)


@pytest.fixture(scope="session")
def localaws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """One server for the whole session: give everything you create a name of its own."""
    with running(tmp_path_factory.mktemp("localaws")) as aws:
        yield aws


@pytest.fixture
def own_localaws(tmp_path: Path) -> Iterator[LocalAws]:
    """A server of the test's own, to stop and kill."""
    with running(tmp_path) as aws:
        yield aws


@pytest.fixture
def running_localaws() -> Callable[[Path], AbstractContextManager[LocalAws]]:
    """Start a server below a folder, with the environment as the test has set it."""
    return running


@pytest.fixture
def name() -> str:
    """A name that nothing else has."""
    return f"t{uuid.uuid4().hex[:10]}"


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[..., Any]:
    return eventually


@pytest.fixture(name="zipped")
def zipped_fixture() -> Callable[[dict[str, str]], bytes]:
    return zipped


@pytest.fixture
def lake(localaws: LocalAws, name: str) -> Lake:
    """A bucket and a database of the test's own."""
    return Lake(localaws, name)


@pytest.fixture
def orders(lake: Lake) -> Lake:
    """A lake with a table `orders` of three rows."""
    lake.create("orders", "id bigint, day date, amount decimal(12,2), tags array<string>, at timestamptz", "day(at)")
    lake.run(
        "INSERT INTO orders VALUES "
        "(1, DATE '2024-01-01', DECIMAL '10.50', ARRAY['a', 'b'], TIMESTAMP '2024-01-01 10:00:00.123456 UTC'), "
        "(2, DATE '2024-01-02', DECIMAL '20.00', ARRAY[], TIMESTAMP '2024-01-02 10:00:00 UTC'), "
        "(3, DATE '2024-01-02', NULL, NULL, TIMESTAMP '2024-01-02 11:00:00 UTC')"
    )
    return lake
