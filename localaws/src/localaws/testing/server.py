"""A running embedded AWS for tests, and helpers to create resources in it."""

from __future__ import annotations

import io
import json
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from localaws import server
from localaws.functions import faults
from localaws.paths import Paths
from localaws.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from localaws.settings import Settings

ROLE = "arn:aws:iam::000000000000:role/test"


@dataclass(frozen=True)
class LocalAws:
    """A running embedded AWS: its settings, its endpoint, and the environment variables of its clients."""

    settings: Settings
    endpoint: str
    env: dict[str, str]

    def client(self, service: str, **config: Any) -> Any:
        """Return a boto3 client that never retries, so that a test gets the first response."""
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

    def fail_invocations(self, function: str, error: str, times: int = 1) -> None:
        """Have the next invocations of a function fail with an error of Lambda itself, e.g. `ServiceException`.

        Raises UnknownFaultError for an error that Lambda does not have.
        """
        faults.order(Paths(self.settings.home).lambda_faults, function, error, times)

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """Create a queue; return its URL and its ARN."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return url, arn

    def received(self, url: str, seconds: float = 20) -> list[str]:
        """Wait for messages of a queue, delete them and return their bodies; none after `seconds`."""
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
        """Create a queue that receives every event of a bus that matches a pattern; return its URL."""
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
        """Wait until an execution has ended and return its description. Fails the test after `seconds`."""
        states = self.client("stepfunctions")

        def description() -> dict[str, Any] | None:
            found: dict[str, Any] = states.describe_execution(executionArn=execution_arn)
            return None if found["status"] == "RUNNING" else found

        ended: dict[str, Any] = eventually(description, seconds)
        return ended


def zipped(files: dict[str, str]) -> bytes:
    """Return a zip of files, given as text by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def eventually(attempt: Callable[[], Any], seconds: float = 20) -> Any:
    """Call `attempt` until its result is truthy, and return that. Fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := attempt():
            return result
        time.sleep(0.1)
    return pytest.fail(f"no result within {seconds} s")


@contextmanager
def running(root: Path) -> Iterator[LocalAws]:
    """Return a context manager of a server with its home in `root`, which is stopped afterwards."""
    settings = load(home=root / ".localaws")
    started = server.start(settings)
    try:
        yield LocalAws(settings, started.endpoint, server.client_environment(settings))
    finally:
        server.stop(settings)
