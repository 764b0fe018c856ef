import asyncio
from contextlib import suppress

import pytest

from localaws.extensions import repeated_requests
from localaws.extensions.repeated_requests import Request
from localaws.invocations import (
    BODY_LIMIT_BYTES,
    KEPT_COUNT,
    KEPT_SECONDS,
    RESPONSE_LIMIT_BYTES,
    Attempts,
    Response,
    invocation_of,
)

CREATED = b"<CreateRoleResponse/>"


def scope(number="1", *, attempt=1, method="POST", path="/", length=4, **headers):
    sent = {
        "amz-sdk-invocation-id": number,
        "amz-sdk-request": f"attempt={attempt}; max=25",
        "authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, Signature={attempt}",
        "content-length": length,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), str(value).encode()) for name, value in sent.items() if value is not None],
    }


class Service:
    """Counts the requests that it carries out; answers with the next status of a list, and then always the last."""

    def __init__(self, *statuses, body=CREATED):
        self.statuses = list(statuses) or [200]
        self.body = body
        self.bodies = []
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self, receive, send):
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if message["type"] == "http.disconnect":
            return
        self.bodies.append(body)
        await self.go_on.wait()
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        headers = [(b"x-amzn-requestid", str(len(self.bodies)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body[:5], "more_body": True})
        await send({"type": "http.response.body", "body": self.body[5:], "more_body": False})


class Client:
    def __init__(self, service):
        self.service = service
        self.attempts = Attempts()

    async def call(self, request_scope, body=b"name"):
        parts = [
            {"type": "http.request", "body": body[:2], "more_body": True},
            {"type": "http.request", "body": body[2:], "more_body": False},
        ]
        sent = []

        async def receive():
            return parts.pop(0) if parts else {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)

        await repeated_requests.answer(
            self.attempts, Request(invocation_of(request_scope), self.service, receive, send)
        )
        return sent[0]["status"], dict(sent[0]["headers"]), b"".join(part["body"] for part in sent[1:])


def test_a_repeated_request_gets_the_first_response_and_has_one_effect():
    async def run():
        client = Client(Service())

        first = await client.call(scope())
        again = await client.call(scope(attempt=2))

        assert again == first == (200, {b"x-amzn-requestid": b"1"}, CREATED)
        assert client.service.bodies == [b"name"]

    asyncio.run(run())


def test_a_repeated_request_waits_for_the_first_attempt():
    async def run():
        client = Client(Service())
        client.service.go_on.clear()
        first = asyncio.create_task(client.call(scope()))
        again = asyncio.create_task(client.call(scope(attempt=2)))
        third = asyncio.create_task(client.call(scope(attempt=3)))
        await asyncio.sleep(0.01)
        assert not any(task.done() for task in (first, again, third))

        client.service.go_on.set()

        assert await first == await again == await third
        assert len(client.service.bodies) == 1

    asyncio.run(run())


def test_of_two_requests_that_wait_for_a_failed_attempt_one_is_carried_out():
    async def run():
        client = Client(Service(503, 200))
        client.service.go_on.clear()
        tasks = [asyncio.create_task(client.call(scope(attempt=attempt))) for attempt in (1, 2, 3)]
        await asyncio.sleep(0.01)

        client.service.go_on.set()

        assert [status for status, _, _ in await asyncio.gather(*tasks)] == [503, 200, 200]
        assert len(client.service.bodies) == 2

    asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(400, b'{"__type": "ThrottlingException"}', id="throttled"),
        pytest.param(429, b"TooManyRequestsException", id="too many requests"),
        pytest.param(503, b"SlowDown", id="unavailable"),
        pytest.param(409, b"EntityAlreadyExists", id="any other error"),
        pytest.param(200, b'<?xml version="1.0"?><Error><Code>InternalError</Code></Error>', id="200 with an error"),
    ],
)
def test_after_an_error_a_repeated_request_is_carried_out(status, body):
    async def run():
        client = Client(Service(status, 200, body=body))

        await client.call(scope())
        await client.call(scope(attempt=2))

        assert client.service.bodies == [b"name", b"name"]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("second", "body"),
    [
        pytest.param(scope("2"), b"name", id="another invocation"),
        pytest.param(scope(attempt=2), b"mean", id="another body"),
        pytest.param(scope(attempt=2, path="/other"), b"name", id="another path"),
        pytest.param(scope(attempt=2, x_amz_target="Logs.DeleteLogGroup"), b"name", id="another operation"),
        pytest.param(scope(attempt=2, authorization="Credential=other/2026"), b"name", id="another caller"),
    ],
)
def test_a_request_of_another_call_is_carried_out(second, body):
    async def run():
        client = Client(Service())

        await client.call(scope())
        _, headers, _ = await client.call(second, body)

        assert headers == {b"x-amzn-requestid": b"2"}

    asyncio.run(run())


@pytest.mark.parametrize(
    "large",
    [
        pytest.param({"length": BODY_LIMIT_BYTES + 1, "method": "PUT"}, id="a large object"),
        pytest.param({"length": None, "method": "PUT"}, id="a body of unknown length"),
        pytest.param({"method": "GET"}, id="a read"),
    ],
)
def test_objects_and_reads_are_carried_out_and_not_kept(large):
    async def run():
        client = Client(Service())

        await client.call(scope(**large))
        await client.call(scope(attempt=2, **large))

        assert len(client.service.bodies) == 2
        assert client.attempts.find(invocation_of(scope(**large))).response is None

    asyncio.run(run())


def test_a_large_response_is_not_kept():
    async def run():
        client = Client(Service(body=bytes(RESPONSE_LIMIT_BYTES + 1)))

        await client.call(scope())

        assert client.attempts.find(invocation_of(scope())).response is None

    asyncio.run(run())


def test_a_first_attempt_that_raises_does_not_block_the_next():
    class Broken(Service):
        async def __call__(self, receive, send):
            if not self.bodies:
                self.bodies.append(b"")
                raise OSError("broken")
            await super().__call__(receive, send)

    async def run():
        client = Client(Broken())

        with suppress(OSError):
            await client.call(scope())

        assert (await client.call(scope(attempt=2)))[0] == 200

    asyncio.run(run())


def test_a_request_with_an_incomplete_body_is_not_a_first_attempt():
    async def run():
        client = Client(Service())
        arrived = [{"type": "http.request", "body": b"na", "more_body": True}, {"type": "http.disconnect"}]

        async def receive():
            return arrived.pop(0)

        await repeated_requests.answer(client.attempts, Request(invocation_of(scope()), client.service, receive, None))

        assert (await client.call(scope(attempt=2)))[0] == 200
        assert client.service.bodies == [b"name"]

    asyncio.run(run())


def test_every_repeated_request_is_logged(caplog):
    async def run():
        client = Client(Service())
        await client.call(scope())
        await client.call(scope(attempt=2))
        await client.call(scope("lost on the way", attempt=2))
        await client.call(scope("read", method="GET"))
        await client.call(scope("read", method="GET", attempt=2))

    asyncio.run(run())

    outcomes = [record.getMessage().rsplit(": ", 1)[1] for record in caplog.records]
    assert outcomes == [
        "answered with the response of 0.0 s ago",
        "carried out, because no earlier attempt was received",
        "carried out again",
    ]


class TestAttempts:
    def ended(self, attempts, number, body=b""):
        invocation = invocation_of(scope(number))
        attempts.end(invocation, attempts.begin(invocation), b"digest", Response(200, (), body))
        return invocation

    def test_attempts_are_kept_for_two_minutes(self):
        now = [0.0]
        attempts = Attempts(lambda: now[0])
        old = self.ended(attempts, "old")

        now[0] = KEPT_SECONDS + 1
        new = self.ended(attempts, "new")

        assert attempts.find(old) is None
        assert attempts.find(new) is not None

    def test_an_attempt_that_has_not_ended_is_kept(self):
        now = [0.0]
        attempts = Attempts(lambda: now[0])
        slow = invocation_of(scope("slow"))
        attempts.begin(slow)

        now[0] = KEPT_SECONDS + 1
        self.ended(attempts, "new")

        assert attempts.find(slow) is not None

    def test_the_oldest_attempts_are_dropped_above_the_limit_of_bytes(self):
        attempts = Attempts(kept_bytes=250)
        kept = [self.ended(attempts, str(number), bytes(100)) for number in range(10)]

        assert [attempts.find(one) is not None for one in kept] == [False] * 8 + [True] * 2

    def test_the_oldest_attempts_are_dropped_above_the_limit_of_their_number(self):
        attempts = Attempts()
        kept = [self.ended(attempts, str(number)) for number in range(KEPT_COUNT + 1)]

        assert attempts.find(kept[0]) is None
        assert attempts.find(kept[1]) is not None


def test_a_request_without_an_sdk_has_no_invocation():
    assert invocation_of({**scope(), "headers": [(b"host", b"localhost")]}) is None
