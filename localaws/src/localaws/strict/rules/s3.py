"""S3's limits of keys, tags, metadata and deletions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from localaws.strict.rules.rule import Refusal, rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.strict.rules.rule import Account

KEY_BYTES, METADATA_BYTES, DELETED = 1_024, 2_048, 1_000
OBJECT_TAGS, TAG_KEY, TAG_VALUE = 10, 128, 256
TAG_CHARACTERS = re.compile(r"[\w\s.:/=+\-@]*")
WRITES = ("PutObject", "CopyObject", "CreateMultipartUpload")


@rule("s3", *WRITES, "GetObject", "HeadObject", "DeleteObject")
def key_length(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse a key of more than 1,024 bytes."""
    size = len(unquote(members.get("Key") or "").encode())
    return Refusal("KeyTooLongError", "Your key is too long") if size > KEY_BYTES else None


@rule("s3", *WRITES)
def tags_in_header(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse tags that are too many or have other characters than tags may have."""
    return object_tags_fault(parse_qsl(members.get("x-amz-tagging") or "", keep_blank_values=True))


@rule("s3", "PutObjectTagging")
def object_tags(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse tags that are too many or have other characters than tags may have."""
    tags = (members.get("Tagging") or {}).get("TagSet") or []
    return object_tags_fault([(tag.get("Key") or "", tag.get("Value") or "") for tag in tags])


def object_tags_fault(tags: list[tuple[str, str]]) -> Refusal | None:
    """Return why S3 refuses these tags of an object; None when it takes them."""
    if len(tags) > OBJECT_TAGS:
        return Refusal("BadRequest", f"Object tags cannot be greater than {OBJECT_TAGS}")
    if len({key for key, _ in tags}) < len(tags):
        return Refusal("InvalidTag", "Cannot provide multiple Tags with the same key")
    for key, value in tags:
        if not key or len(key) > TAG_KEY or not TAG_CHARACTERS.fullmatch(key):
            return Refusal("InvalidTag", "The TagKey you have provided is invalid")
        if len(value) > TAG_VALUE or not TAG_CHARACTERS.fullmatch(value):
            return Refusal("InvalidTag", "The TagValue you have provided is invalid")
    return None


@rule("s3", *WRITES)
def metadata(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse metadata of more than 2 KB, names and values together."""
    sent = members.get("x-amz-meta-") or {}
    if sum(len(name.encode()) + len(value.encode()) for name, value in sent.items()) <= METADATA_BYTES:
        return None
    return Refusal("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")


@rule("s3", "DeleteObjects")
def deletions(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse to delete more than 1,000 objects at a time."""
    if len((members.get("Delete") or {}).get("Object") or ()) <= DELETED:
        return None
    return Refusal(
        "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"
    )
