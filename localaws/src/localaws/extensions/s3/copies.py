"""CopyObject with `If-None-Match` or `If-Match` is a conditional write, as PutObject is. MiniStack leaves them out."""

from __future__ import annotations

from typing import Any

from ministack.services import s3

from localaws.hooks import wrap


def install() -> None:
    """Refuse a copy whose condition the object at its destination does not meet."""

    @wrap(s3, "_copy_object")
    def _(original: Any, bucket: str, key: str, headers: dict[str, str]) -> Any:
        there = s3._buckets.get(bucket, {}).get("objects", {}).get(key)
        return s3._check_put_preconditions(headers, there) or original(bucket, key, headers)
