"""A web server for one person on this machine: the files of the page, its tiles, and the engine of Explore.

Its headers are those of CloudFront.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache, partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from cartlake_cli.dashboard.engine import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    ReadTile = Callable[[str], bytes | None]
    ReadEngine = Callable[[str], bytes | None]

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}
"""Files of other kinds are no part of the page, and are not served."""

TILES: Final = "tiles/"
ENGINE: Final = "engine/"
EXPLORE: Final = "explore.html"

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
EXPLORE_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of the page and the worker that run DuckDB, which is WebAssembly; a worker has the policy of its own file."""

HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""As `terraform/modules/dashboard` has CloudFront send them, with the other policy for Explore.

ECharts sets attributes `style`, so these are allowed.
"""


class TilesForbiddenError(Exception):
    """The bucket with the tiles may not be read."""


@dataclass(frozen=True, slots=True)
class Response:
    """What the server answers. `compressed` says that the body is compressed by gzip already."""

    status: HTTPStatus
    content_type: str
    body: bytes
    policy: str = POLICY
    compressed: bool = False


def respond(folder: Path, read_tile: ReadTile, path: str, read_engine: ReadEngine = lambda _: None) -> Response:
    """Return the answer to a request for a path below the page's folder, for a tile, or for a file of the engine."""
    name = unquote(urlsplit(path).path).lstrip("/") or "index.html"
    if name.startswith(TILES):
        return _tile(read_tile, name)
    if name.startswith(ENGINE):
        return _engine(read_engine, name)
    file = (folder / name).resolve()
    # Only the page's own files, whatever a path with dots or a link names.
    if not file.is_relative_to(folder.resolve()) or file.suffix not in TYPES or not file.is_file():
        return _plain(HTTPStatus.NOT_FOUND, f"The dashboard has no {name}.")
    policy = EXPLORE_POLICY if name == EXPLORE else POLICY
    return Response(HTTPStatus.OK, TYPES[file.suffix], file.read_bytes(), policy)


def _tile(read_tile: ReadTile, name: str) -> Response:
    try:
        found = read_tile(name)
    except TilesForbiddenError as error:
        return _plain(HTTPStatus.FORBIDDEN, str(error))
    if found is None:
        return _plain(HTTPStatus.NOT_FOUND, f"There is no {name}: the next refresh writes it.")
    return Response(HTTPStatus.OK, TYPES.get(PurePosixPath(name).suffix, TYPES[".parquet"]), found)


def _engine(read_engine: ReadEngine, name: str) -> Response:
    try:
        found = read_engine(name.removeprefix(ENGINE))
    except EngineError as error:
        return _plain(HTTPStatus.BAD_GATEWAY, str(error))
    if found is None:
        return _plain(HTTPStatus.NOT_FOUND, f"The engine of Explore has no {name}.")
    return Response(HTTPStatus.OK, TYPES[PurePosixPath(name).suffix], found, EXPLORE_POLICY, compressed=True)


def _plain(status: HTTPStatus, text: str) -> Response:
    return Response(status, "text/plain; charset=utf-8", text.encode())


def encoded(response: Response, asked: Mapping[str, str]) -> tuple[HTTPStatus, dict[str, str], bytes]:
    """Return status, headers and body of an answer: compressed, or 304 for what the browser has.

    `asked` are the headers of the request, their names in lower case.
    """
    tag = f'"{hashlib.sha256(response.body).hexdigest()[:20]}"'
    headers = {
        **HEADERS,
        "Content-Security-Policy": response.policy,
        "Content-Type": response.content_type,
        "Vary": "Accept-Encoding",
        "ETag": tag,
    }
    if response.status is HTTPStatus.OK and asked.get("if-none-match") == tag:
        return HTTPStatus.NOT_MODIFIED, headers, b""
    body = response.body
    if "gzip" in asked.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = body if response.compressed else _compressed(body), "gzip"
    elif response.compressed:
        body = gzip.decompress(body)
    return response.status, headers | {"Content-Length": str(len(body))}, body


@lru_cache(maxsize=64)
def _compressed(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=6, mtime=0)


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD; nothing can be changed through it."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def __init__(self, answer: Callable[[str], Response], *arguments: Any) -> None:
        self._answer = answer
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._send(with_body=True)

    def do_HEAD(self) -> None:
        self._send(with_body=False)

    def _send(self, *, with_body: bool) -> None:
        # Another site could make a browser ask this server by a name of its own that resolves to 127.0.0.1.
        host = (self.headers.get("Host") or "").rpartition(":")[0]
        local = host in {"127.0.0.1", "localhost"}
        answer = self._answer(self.path) if local else _plain(HTTPStatus.MISDIRECTED_REQUEST, "Ask for 127.0.0.1.")
        status, headers, body = encoded(answer, {name.lower(): value for name, value in self.headers.items()})
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name that http.server uses
        """Log nothing: the terminal shows the address of the page only."""


def server(
    folder: Path, read_tile: ReadTile, port: int = 0, read_engine: ReadEngine = lambda _: None
) -> ThreadingHTTPServer:
    """Return a server on 127.0.0.1 that is not started; port 0 takes a free one. Raises OSError for a port in use."""
    handler = partial(Handler, partial(respond, folder, read_tile, read_engine=read_engine))
    made = ThreadingHTTPServer(("127.0.0.1", port), handler)
    made.daemon_threads = True
    return made
