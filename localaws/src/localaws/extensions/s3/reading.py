"""Reads only the requested range of an S3 object from disk, also of an old version, and streams it.

MiniStack reads a whole object into memory for every range of it, sends it in one piece, and ignores `Range` for a
request with a version id: a reader of Parquet would get wrong bytes.
"""

from __future__ import annotations

import mmap
import os
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ministack.core.responses import StreamingResponse
from ministack.services import s3

from localaws.hooks import wrap

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CHUNK_BYTES = 1 << 20
Body = bytes | mmap.mmap

_mapping: ContextVar[bool] = ContextVar("localaws_s3_mapping", default=False)


def mapped(path: str | None) -> Body | None:
    """Return a file's content, mapped and not read; None when there is no such file."""
    if path is None or not Path(path).is_file():
        return None
    try:
        with Path(path).open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:  # an empty file cannot be mapped
                return b""
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:  # deleted since the check above
        return None


def streamed(body: Body) -> bytes | StreamingResponse:
    """Return a small body as bytes and a large one as a stream of chunks of 1 MiB."""
    if isinstance(body, bytes):
        return body
    if len(body) <= CHUNK_BYTES:
        return body[:]

    async def run(send: Callable[[dict[str, Any]], Awaitable[None]], _receive: Any) -> None:
        for start in range(0, len(body), CHUNK_BYTES):
            await send({"type": "http.response.body", "body": body[start : start + CHUNK_BYTES], "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return StreamingResponse(run)


def range_of(
    response: tuple[int, dict[str, Any], Body], bucket: str, key: str, wanted: str
) -> tuple[int, dict[str, Any], Body]:
    """Return the response for a range of an object: 206, or 416 InvalidRange if it begins after the end."""
    _, headers, body = response
    found = s3._parse_range(wanted, len(body))
    if found is None:
        error: bytes = s3._xml_body(s3._range_error_xml(bucket, key))
        return 416, {"Content-Type": "application/xml", "Content-Range": f"bytes */{len(body)}"}, error
    start, end = found
    part = body[start : end + 1]
    # The checksum is that of the whole object: clients would reject it for a part.
    kept = {name: value for name, value in headers.items() if not name.lower().startswith("x-amz-checksum")}
    return 206, kept | {"Content-Length": str(len(part)), "Content-Range": f"bytes {start}-{end}/{len(body)}"}, part


def install() -> None:
    """Map files instead of reading them, for GetObject."""

    @wrap(s3, "_get_object")
    def _(original: Any, bucket: str, key: str, headers: dict[str, str], query: dict[str, Any] | None = None) -> Any:
        reset = _mapping.set(True)
        try:
            response = original(bucket, key, headers, query)
        finally:
            _mapping.reset(reset)
        if response[0] == 200 and headers.get("range", "").startswith("bytes="):  # noqa: PLR2004 -- HTTP
            response = range_of(response, bucket, key, headers["range"])
        status, headers_out, body = response
        if isinstance(body, mmap.mmap):
            headers_out["Content-Length"] = str(len(body))
            body = streamed(body)
        return status, headers_out, body

    @wrap(s3, "_read_body")
    def _(original: Any, bucket: str, key: str, record: dict[str, Any]) -> Any:
        if not _mapping.get() or record.get("body") is not None:
            return original(bucket, key, record)
        return mapped(s3._object_disk_path(bucket, key)) or b""

    @wrap(s3, "_version_body")
    def _(original: Any, bucket: Any, name: str, key: str, version: dict[str, Any]) -> Any:
        if not _mapping.get() or version.get("data") is not None:
            return original(bucket, name, key, version)
        body = mapped(s3._version_disk_path(name, key, version["version_id"]))
        return original(bucket, name, key, version) if body is None else body
