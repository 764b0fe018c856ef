"""A multipart upload with a part under 5 MiB, other than the last, is refused when it is completed."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

from ministack.services import s3

from localaws.hooks import wrap

PART_BYTES = 5 * 1024 * 1024


def too_small(sizes: dict[int, int], numbers: list[int]) -> int | None:
    """Return the first part that is too small, of the parts that the object is made of; None when there is none.

    `sizes` are the bytes of the uploaded parts by number.
    """
    return next((number for number in sorted(numbers)[:-1] if sizes.get(number, PART_BYTES) < PART_BYTES), None)


def install() -> None:
    """Check the parts before MiniStack joins them."""

    @wrap(s3, "_complete_multipart_upload")
    def _(original: Any, bucket: str, key: str, body: bytes, query: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        upload = s3._multipart_uploads.get(s3._qp(query, "uploadId", "")) or {}
        sizes = {number: len(part["body"]) for number, part in upload.get("parts", {}).items()}
        if too_small(sizes, part_numbers(body)) is not None:
            problem = "Your proposed upload is smaller than the minimum allowed size"
            return s3._error("EntityTooSmall", problem, 400)
        return original(bucket, key, body, query, *args, **kwargs)


def part_numbers(body: bytes) -> list[int]:
    """Return the numbers of the parts that a request lists; none for a body that is not XML."""
    try:
        found = ET.fromstring(body).iter()  # noqa: S314 -- from a client of this machine
    except ET.ParseError:
        return []
    texts = [node.text or "" for node in found if node.tag.endswith("PartNumber")]
    return [int(text) for text in texts if text.isdecimal()]
