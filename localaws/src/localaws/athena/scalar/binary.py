"""Functions of varbinary: hashes, encodings of numbers, base 32 and URL-safe base 64."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
import zlib
from typing import TYPE_CHECKING

import mmh3

from localaws.athena.scalar.signature import ScalarError, function

if TYPE_CHECKING:
    from collections.abc import Callable

_MASK = (1 << 64) - 1
_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5,
)  # fmt: skip
_STRIPE, _WORD, _HALF = 32, 8, 4


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def _mixed(accumulator: int, word: int) -> int:
    return _rotated((accumulator + word * _P2) & _MASK, 31) * _P1 & _MASK


def xxhash64(data: bytes) -> bytes:
    """Return the XXH64 hash with seed 0, big-endian (https://github.com/Cyan4973/xxHash, doc/xxhash_spec.md)."""
    position, length = 0, len(data)
    if length >= _STRIPE:
        lanes = [(_P1 + _P2) & _MASK, _P2, 0, (-_P1) & _MASK]
        while position <= length - _STRIPE:
            words = struct.unpack_from("<4Q", data, position)
            lanes = [_mixed(lane, word) for lane, word in zip(lanes, words, strict=True)]
            position += _STRIPE
        total = sum(_rotated(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18), strict=True)) & _MASK
        for lane in lanes:
            total = ((total ^ _mixed(0, lane)) * _P1 + _P4) & _MASK
    else:
        total = _P5
    total = _tail(data, position, (total + length) & _MASK)
    for shift, factor in ((33, _P2), (29, _P3), (32, 1)):
        total = (total ^ (total >> shift)) * factor & _MASK
    return total.to_bytes(8, "big")


def _tail(data: bytes, position: int, total: int) -> int:
    while position + _WORD <= len(data):
        word = _mixed(0, *struct.unpack_from("<Q", data, position))
        total = (_rotated(total ^ word, 27) * _P1 + _P4) & _MASK
        position += _WORD
    if position + _HALF <= len(data):
        (word,) = struct.unpack_from("<I", data, position)
        total = (_rotated(total ^ (word * _P1 & _MASK), 23) * _P2 + _P3) & _MASK
        position += _HALF
    for byte in data[position:]:
        total = _rotated(total ^ (byte * _P5 & _MASK), 11) * _P1 & _MASK
    return total


def _decoded(text: str, decode: str) -> bytes:
    try:
        padded = text + "=" * (-len(text) % (8 if decode == "b32decode" else 4))
        return bytes(getattr(base64, decode)(padded))
    except (binascii.Error, ValueError) as error:
        raise ScalarError(f"{text!r} is not valid: {error}") from error


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ScalarError(f"Illegal base64 text {text!r}") from error


def _from_hex(text: str) -> bytes:
    try:
        return binascii.unhexlify(text)
    except (binascii.Error, ValueError) as error:
        raise ScalarError(f"Invalid hexadecimal text {text!r}") from error


def _unpacked(form: str, size: int, name: str) -> Callable[[bytes], object]:
    def unpack(data: bytes) -> object:
        if len(data) != size:
            raise ScalarError(f"expected {size}-byte input for {name}, but got instead: {len(data)}")
        return struct.unpack(form, data)[0]

    return unpack


def _to_utf8_text(data: bytes, replacement: str) -> str:
    if len(replacement) > 1:
        raise ScalarError("Replacement character string must empty or a single character")
    text, position = "", 0
    while position < len(data):
        try:
            return text + data[position:].decode()
        except UnicodeDecodeError as error:
            text += data[position : position + error.start].decode() + replacement
            position += error.end
    return text


def _padded(data: bytes, size: int, pad: bytes, *, left: bool) -> bytes:
    if size < 0 or not pad:
        raise ScalarError("Target length must be in the range [0..2147483647] and padding must not be empty")
    missing = size - len(data)
    if missing <= 0:
        return data[:size]
    filling = (pad * (missing // len(pad) + 1))[:missing]
    return filling + data if left else data + filling


def _substring(data: bytes, start: int, length: int) -> bytes:
    if start == 0 or abs(start) > len(data) or length <= 0:
        return b""
    first = start - 1 if start > 0 else len(data) + start
    return data[first : first + length]


def _murmur3(data: bytes) -> bytes:
    return mmh3.hash_bytes(data)


def _crc32(data: bytes) -> int:
    return zlib.crc32(data)


def _hash(name: str) -> Callable[[bytes], bytes]:
    return lambda data: hashlib.new(name, data).digest()


def _hmac(name: str) -> Callable[[bytes, bytes], bytes]:
    return lambda data, key: hmac.digest(key, data, name)


_HASHES = ("md5", "sha1", "sha256", "sha512")

FUNCTIONS = {
    "trino_xxhash64": function(xxhash64, "BLOB", "BLOB"),
    "trino_murmur3": function(_murmur3, "BLOB", "BLOB"),
    "trino_crc32": function(_crc32, "BLOB", "BIGINT"),
    **{f"trino_{name}": function(_hash(name), "BLOB", "BLOB") for name in _HASHES},
    **{f"trino_hmac_{name}": function(_hmac(name), "BLOB, BLOB", "BLOB") for name in _HASHES},
    "trino_to_base64": function(lambda data: base64.b64encode(data).decode(), "BLOB", "VARCHAR"),
    "trino_from_base64": function(_from_base64, "VARCHAR", "BLOB"),
    "trino_to_base64url": function(lambda data: base64.urlsafe_b64encode(data).decode(), "BLOB", "VARCHAR"),
    "trino_from_base64url": function(lambda text: _decoded(text, "urlsafe_b64decode"), "VARCHAR", "BLOB"),
    "trino_to_base32": function(lambda data: base64.b32encode(data).decode(), "BLOB", "VARCHAR"),
    "trino_from_base32": function(lambda text: _decoded(text, "b32decode"), "VARCHAR", "BLOB"),
    "trino_from_hex": function(_from_hex, "VARCHAR", "BLOB"),
    "trino_to_big_endian_64": function(lambda value: struct.pack(">q", value), "BIGINT", "BLOB"),
    "trino_to_big_endian_32": function(lambda value: struct.pack(">i", value), "INTEGER", "BLOB"),
    "trino_from_big_endian_64": function(_unpacked(">q", 8, "from_big_endian_64"), "BLOB", "BIGINT"),
    "trino_from_big_endian_32": function(_unpacked(">i", 4, "from_big_endian_32"), "BLOB", "INTEGER"),
    "trino_to_ieee754_64": function(lambda value: struct.pack(">d", value), "DOUBLE", "BLOB"),
    "trino_to_ieee754_32": function(lambda value: struct.pack(">f", value), "FLOAT", "BLOB"),
    "trino_from_ieee754_64": function(_unpacked(">d", 8, "from_ieee754_64"), "BLOB", "DOUBLE"),
    "trino_from_ieee754_32": function(_unpacked(">f", 4, "from_ieee754_32"), "BLOB", "FLOAT"),
    "trino_from_utf8": function(lambda data: _to_utf8_text(data, "\ufffd"), "BLOB", "VARCHAR"),
    "trino_from_utf8_with": function(_to_utf8_text, "BLOB, VARCHAR", "VARCHAR"),
    "trino_reverse_bytes": function(lambda data: data[::-1], "BLOB", "BLOB"),
    "trino_lpad_bytes": function(
        lambda data, size, pad: _padded(data, size, pad, left=True), "BLOB, BIGINT, BLOB", "BLOB"
    ),
    "trino_rpad_bytes": function(
        lambda data, size, pad: _padded(data, size, pad, left=False), "BLOB, BIGINT, BLOB", "BLOB"
    ),
    "trino_substr_bytes": function(_substring, "BLOB, BIGINT, BIGINT", "BLOB"),
}
