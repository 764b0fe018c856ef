"""Every object is encrypted: AES256 where neither the request nor the bucket says otherwise, as on AWS since 2023.

Objects are files on disk all the same. Clients check the header `x-amz-server-side-encryption`.
"""

from __future__ import annotations

from typing import Any

from ministack.services import s3

from localaws.hooks import wrap

HEADER = "x-amz-server-side-encryption"


def install() -> None:
    """Give every written object the header, and every object that was written before it had one when it is read.

    Raises AttributeError when this version of MiniStack does not have one of the functions.
    """

    @wrap(s3, "_bucket_default_sse_headers")
    def _(original: Any, bucket: str) -> dict[str, str]:
        return dict(original(bucket)) or {HEADER: "AES256"}

    @wrap(s3, "_stored_sse_headers")
    def _(original: Any, stored: dict[str, Any]) -> dict[str, str]:
        return dict(original(stored)) or {HEADER: "AES256"}
