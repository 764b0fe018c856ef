"""`ListObjectVersions` with `encoding-type=url` returns encoded keys, which every SDK requests and decodes.

Else an SDK decodes a key that contains `%` to another key, and Terraform's `force_destroy` cannot delete it.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, unescape

from ministack.services import s3

from localaws.hooks import succeeded, wrap

ENCODED_ELEMENT = re.compile(rb"<(Key|Prefix|Delimiter|KeyMarker|NextKeyMarker)>(.*?)</\1>", re.DOTALL)


def url_encode_keys(body: bytes) -> bytes:
    """Return the listing with URL-encoded keys and with `EncodingType`."""

    def encode(match: re.Match[bytes]) -> bytes:
        tag, text = match[1], unescape(match[2].decode(), {"&quot;": '"', "&#10;": "\n", "&#13;": "\r"})
        return b"<%s>%s</%s>" % (tag, escape(quote(text, safe="/")).encode(), tag)

    encoded = ENCODED_ELEMENT.sub(encode, body)
    return encoded.replace(b"<IsTruncated>", b"<EncodingType>url</EncodingType><IsTruncated>", 1)


def install() -> None:
    """Encode the keys of a response if the request asks for it."""

    @wrap(s3, "_list_object_versions")
    def _(original: Any, bucket_name: str, query_params: dict[str, Any]) -> Any:
        response = original(bucket_name, query_params)
        if not succeeded(response) or s3._qp(query_params, "encoding-type", "") != "url":
            return response
        status, headers, body = response
        return status, headers, url_encode_keys(body)
