"""The endpoint that is checked: its clients, a name for what a check creates, and what is deleted after it."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from localaws.conformance.errors import OtherAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable

REAL_AWS = "aws"
POLL_SECONDS = 0.1
CLEAN_UP_ATTEMPTS = 6
MAY_PASS = frozenset({"BucketNotEmpty", "OperationAborted", "ConcurrentModificationException", "ThrottlingException"})
"""Why nothing could be deleted just now: a query or a job of the check may write a last object after it."""


class Target:
    """An endpoint, or AWS itself with the endpoint `aws`. Everything that a check creates is called `name`."""

    def __init__(self, endpoint: str, region: str, seconds: float, role: str) -> None:
        self.endpoint = None if endpoint == REAL_AWS else endpoint
        self.region = region
        self.seconds = seconds
        self.role = role
        self._clients: dict[str, Any] = {}
        self._undo: list[Callable[[], Any]] = []
        self.name = ""

    def client(self, service: str) -> Any:
        """Return a client of a service, which does not repeat requests: an answer is judged as it came."""
        if service not in self._clients:
            keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
            create: Any = boto3.client
            self._clients[service] = create(
                service,
                region_name=self.region,
                endpoint_url=self.endpoint,
                config=Config(
                    retries={"total_max_attempts": 1},
                    connect_timeout=self.seconds,
                    read_timeout=self.seconds,
                    s3={"addressing_style": "path"} if self.endpoint else {},
                ),
                **(keys if self.endpoint and boto3.Session().get_credentials() is None else {}),
            )
        return self._clients[service]

    def begin(self) -> None:
        """Choose a new name for what the next check creates."""
        self.name = f"conformance-{uuid.uuid4().hex[:12]}"

    def later(self, undo: Callable[..., Any], **request: Any) -> None:
        """Have a call made after the check, to delete what it created."""
        self._undo.append(lambda: undo(**request))

    def clean_up(self) -> None:
        """Delete what the check created, the newest first. What cannot be deleted stays: its name begins with ours."""
        while self._undo:
            undo = self._undo.pop()
            for attempt in range(CLEAN_UP_ATTEMPTS):
                try:
                    undo()
                    break
                except ClientError as error:
                    if error.response["Error"]["Code"] not in MAY_PASS:
                        break
                except BotoCoreError:  # no answer
                    pass
                time.sleep(POLL_SECONDS * 2**attempt)

    def eventually(self, look: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
        """Return the first answer that is wanted. Raises OtherAnswerError when none is within the time limit."""
        deadline = time.monotonic() + self.seconds
        while not wanted(found := look()):
            if time.monotonic() > deadline:
                raise OtherAnswerError(f"still {found!r} after {self.seconds:g} s")
            time.sleep(POLL_SECONDS)
        return found

    def bucket(self) -> str:
        """Create a bucket; it is deleted with all its objects after the check."""
        s3, place = self.client("s3"), {"LocationConstraint": self.region}
        s3.create_bucket(
            Bucket=self.name, **({} if self.region == "us-east-1" else {"CreateBucketConfiguration": place})
        )
        self.later(self._empty, bucket=self.name)
        return self.name

    def _empty(self, bucket: str) -> None:
        s3 = self.client("s3")
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
        for page in pages:
            for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
        s3.delete_bucket(Bucket=bucket)
