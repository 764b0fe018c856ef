"""Multipart uploads: keeps parts on disk instead of in memory, and the tags of CreateMultipartUpload.

MiniStack holds all parts of a 2 GB upload in memory and then joins them: 4 GB for one file. It drops the tags, so
that every Terraform plan adds them again.
"""

from __future__ import annotations

import mmap
import re
import tempfile
from typing import Any
from urllib.parse import parse_qsl

from ministack.services import s3

from localaws.hooks import succeeded, wrap


def on_disk(content: bytes) -> bytes | mmap.mmap:
    """Return the same content, mapped from a file without a name, which is deleted with the last reference."""
    if not content:  # an empty file cannot be mapped
        return content
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def install() -> None:
    """Write each part to disk when it is received, and keep the tags until the upload is completed."""
    _keep_tags()

    @wrap(s3, "_upload_part")
    def _(original: Any, bucket: str, key: str, body: bytes, query: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        response = original(bucket, key, body, query, *args, **kwargs)
        upload = s3._multipart_uploads.get(s3._qp(query, "uploadId", ""))
        if succeeded(response) and upload is not None:
            part = upload["parts"][int(s3._qp(query, "partNumber", "0"))]
            part["body"] = on_disk(part["body"])
        return response


def _keep_tags() -> None:
    @wrap(s3, "_create_multipart_upload")
    def _(original: Any, bucket: str, key: str, headers: dict[str, str]) -> Any:
        response = original(bucket, key, headers)
        upload_id = re.search(rb"<UploadId>([^<]+)</UploadId>", response[2])
        if succeeded(response) and upload_id and headers.get("x-amz-tagging"):
            s3._multipart_uploads[upload_id[1].decode()]["tagging"] = headers["x-amz-tagging"]
        return response

    @wrap(s3, "_complete_multipart_upload")
    def _(original: Any, bucket: str, key: str, body: bytes, query: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        upload = s3._multipart_uploads.get(s3._qp(query, "uploadId", "")) or {}
        response = original(bucket, key, body, query, *args, **kwargs)
        if succeeded(response) and upload.get("tagging"):
            version = response[1].get("x-amz-version-id")
            s3._object_tags[(bucket, key, version)] = dict(parse_qsl(upload["tagging"], keep_blank_values=True))
            s3._persist_version_state(bucket, key, s3._buckets[bucket])
        return response
