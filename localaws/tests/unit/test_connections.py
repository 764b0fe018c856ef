import asyncio
import socket
import subprocess
import sys
import textwrap

import pytest
from hypercorn.config import Config

from localaws import connections

SERVER = """
    import asyncio
    import sys

    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    from localaws import connections

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            return
        while (await receive()).get("more_body"):
            pass
        length = 0 if scope["method"] == "HEAD" or scope["path"] == "/empty" else 4
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % length)]})
        await asyncio.sleep(0.05)
        for part in (b"bo", b"dy") if length else (b"",):
            await send({"type": "http.response.body", "body": part, "more_body": part == b"bo"})
            await asyncio.sleep(0.05)

    connections.install()
    config = Config()
    config.bind = [f"127.0.0.1:{sys.argv[1]}"]
    connections.keep_connections(config)
    asyncio.run(serve(app, config, mode="asgi"))
"""


@pytest.fixture(scope="module")
def port():
    """A separate process, because the changes to Hypercorn are for a whole process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(SERVER), str(free)], stderr=subprocess.DEVNULL)
    asyncio.run(_listening(free))
    yield free
    process.terminate()
    process.wait()


async def _listening(port):
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return


def segments(port, *requests):
    """Send requests over one connection, one after another; return the data of each read."""
    reads = []
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for request in requests:
            connection.sendall(f"{request} HTTP/1.1\r\nhost: here\r\ncontent-length: 0\r\n\r\n".encode())
            reads.append([connection.recv(65536)])
            while request.startswith("GET /body") and not b"".join(reads[-1]).endswith(b"body"):
                reads[-1].append(connection.recv(65536))
    return reads


def test_the_headers_of_a_response_are_sent_with_its_first_bytes(port):
    first, *rest = segments(port, "GET /body")[0]

    assert first.startswith(b"HTTP/1.1 200")
    assert first.endswith(b"\r\n\r\nbo")
    assert rest == [b"dy"]


@pytest.mark.parametrize("request_line", ["GET /empty", "HEAD /"])
def test_a_response_without_a_body_is_its_headers(port, request_line):
    answers = segments(port, request_line, "GET /body", request_line)

    assert answers[0][0].endswith(b"\r\n\r\n")
    assert b"".join(answers[1]).endswith(b"\r\n\r\nbody")
    assert answers[2][0].startswith(b"HTTP/1.1 200")


def test_clients_close_idle_connections_not_the_server():
    config = Config()
    go_closes_after_seconds = 90  # botocore never does

    connections.keep_connections(config)

    assert config.keep_alive_timeout > 100 * go_closes_after_seconds
