"""Names of files: which are meant, which are temporary, and what they are called in the raw bucket."""

from __future__ import annotations

import unicodedata
from fnmatch import fnmatchcase
from typing import Final

TEMPORARY: Final = (".part", ".partial", ".filepart", ".tmp", ".temp", ".uploading", "~")
"""Endings of names that programs give files while they write them. The case of letters does not matter."""
LONGEST_NAME: Final = 200
"""Bytes of a name in a key. S3 allows 1,024 for the whole key."""
HASH_DIGITS: Final = 32


def shown(raw: bytes) -> str:
    """Return a name for people: a byte that is not UTF-8 is written as a backslash, `x` and two digits."""
    return raw.decode(errors="backslashreplace")


def matches(name: str, pattern: str) -> bool:
    """Return whether one part of a path matches one part of a pattern, whichever way accents are encoded."""
    return fnmatchcase(unicodedata.normalize("NFC", name), unicodedata.normalize("NFC", pattern))


def is_temporary(path: str) -> bool:
    """Return whether a file has a name that programs give files while they write them."""
    name = path.rpartition("/")[2]
    return name.startswith(".") or name.lower().endswith(TEMPORARY)


def key_name(path: str) -> str:
    """Return the name of a file in a key: letters and digits of all scripts, and `.`, `-` and `_`.

    Any other character is `_`. The lake reads no name that begins with `_` or `.`, so `file` is put before it. Of a
    long name the end is kept, where its extension is. Two files may get one name: the hash before it differs.
    """
    name = unicodedata.normalize("NFC", path.rpartition("/")[2])
    safe = "".join(one if one.isalnum() or one in ".-_" else "_" for one in name)
    end = safe.encode()[-LONGEST_NAME:].decode(errors="ignore")
    return f"file{end}" if end.startswith(("_", ".")) else end


def object_key(server: str, dataset: str, sha256: str, path: str) -> str:
    """Return the key of a content: it depends on nothing but the content and the name under which it was first read."""
    return f"incoming/{dataset}/sftp/{server}/{sha256[:HASH_DIGITS]}/{key_name(path)}"
