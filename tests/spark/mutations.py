"""Good files, and what happens to files on their way: bytes flipped, cut, padded, repeated, recompressed."""

import gzip
import io
import json
import random
import zlib
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = ("vendor_id", "vendor_name", "country_code", "contact_email", "lead_time_days", "is_active", "updated_at")
NAMES = ["Alpine Goods", 'Quoted "one"', "two\nlines", "é 👟", "a,b;c", "", "}{"]
ENDS = (b"\n", b"\r\n", b"\r")
CODECS = ("none", "snappy", "gzip", "zstd", "lz4", "brotli")


@dataclass(frozen=True)
class Mutant:
    """A file, what was done to it, and how many rows the good one had."""

    name: str
    content: bytes
    done: tuple[str, ...]
    rows: int


def mutant(seed):
    """One file, the same for the same seed: one in ten is good."""
    chosen = random.Random(seed)
    kind = chosen.choice(["csv", "jsonl", "parquet"])
    rows = [row(chosen, number) for number in range(chosen.choice([1, 3, 40]))]
    content = {"csv": csv, "jsonl": json_lines, "parquet": parquet}[kind](chosen, rows)
    done = []
    gz = kind != "parquet" and chosen.random() < 0.5
    if gz:
        content = gzipped(chosen, content)
    for _ in range(chosen.choice([0, 1, 1, 1, 1, 1, 1, 2, 2, 3])):
        change = chosen.choice(CHANGES)
        done.append(change.__name__)
        content = change(chosen, content)
    if gz and done and chosen.random() < 0.5:
        content, again = recompressed(chosen, content)
        done += ["recompressed"] * again
    return Mutant(f"{seed}.{kind}{'.gz' if gz else ''}", content, tuple(done), len(rows))


def row(chosen, number):
    name = chosen.choice(NAMES) if chosen.random() < 0.2 else NAMES[0]
    values = [f"VEN-{number:04}", name, "AT", "o@example.com", "7", "true", "2026-11-20T08:00:00Z"]
    return dict(zip(COLUMNS, values, strict=True))


def csv(chosen, rows):
    end = chosen.choice(["\n", "\n", "\r\n"])
    quoted = chosen.random() < 0.3

    def field(text):
        return '"' + text.replace('"', '""') + '"' if quoted or any(mark in text for mark in ',"\r\n') else text

    lines = [",".join(COLUMNS), *(",".join(map(field, one.values())) for one in rows)]
    return (chosen.choice(["", "", "\ufeff"]) + end.join(lines) + chosen.choice(["", end])).encode()


def json_lines(chosen, rows):
    between = chosen.choice(["\n", "\n", "\r\n", ""])
    return between.join(json.dumps(one, ensure_ascii=chosen.random() < 0.5) for one in rows).encode()


def parquet(chosen, rows):
    table = pa.table({name: [one[name] for one in rows] for name in COLUMNS})
    types = {"lead_time_days": pa.int32(), "is_active": pa.bool_(), "updated_at": pa.timestamp("us", "UTC")}
    columns = []
    for name in COLUMNS:
        values = [one[name] for one in rows]
        if name == "lead_time_days":
            columns.append(pa.array(map(int, values), pa.int32()))
        elif name == "is_active":
            columns.append(pa.array([value == "true" for value in values]))
        elif name == "updated_at":
            columns.append(pa.array(values).cast(types[name]))
        else:
            columns.append(pa.array(values))
    target = io.BytesIO()
    dictionary = chosen.random() < 0.5
    pq.write_table(
        pa.table(dict(zip(table.column_names, columns, strict=True))),
        target,
        compression=chosen.choice(CODECS),
        use_dictionary=dictionary,
        data_page_version=chosen.choice(["1.0", "2.0"]),
        row_group_size=chosen.choice([2, 1000]),
        use_deprecated_int96_timestamps=chosen.random() < 0.2,
        column_encoding=None if dictionary else encodings(chosen),
    )
    return target.getvalue()


def encodings(chosen):
    if chosen.random() < 0.4:
        return None
    texts = ["PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"]
    numbers = ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"]
    return {name: chosen.choice(texts) for name in COLUMNS[:4]} | {"lead_time_days": chosen.choice(numbers)}


def gzipped(chosen, content):
    """One member or several, with padding behind or between them."""
    cuts = sorted(chosen.choices(range(len(content) + 1), k=chosen.choice([0, 0, 1, 3])))
    parts = [content[start:end] for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    padding = chosen.choice([b"", b"", b"\0" * 7, b"\0" * 600])
    return b"".join(gzip.compress(part, chosen.choice([0, 1, 9])) + padding for part in parts)


def flipped(chosen, content):
    changed = bytearray(content)
    for _ in range(chosen.choice([1, 1, 3]) if changed else 0):
        changed[chosen.randrange(len(changed))] ^= 1 << chosen.randrange(8)
    return bytes(changed)


def overwritten(chosen, content):
    start, size = chosen.randrange(len(content) + 1), chosen.choice([1, 8, 200])
    return content[:start] + chosen.randbytes(size) + content[start + size :]


def cut_off(chosen, content):
    return content[: chosen.randrange(len(content) + 1)]


def cut_out(chosen, content):
    start = chosen.randrange(len(content) + 1)
    return content[:start] + content[start + chosen.choice([1, 2, 50]) :]


def padded(chosen, content):
    pad = chosen.choice([b"\0", b"\n", b" ", b"\r\n", b"\0" * 512, b"\x1a", chosen.randbytes(9), b"PAR1"])
    return chosen.choice([content + pad, pad + content])


def repeated(chosen, content):
    start = chosen.randrange(len(content) + 1)
    part = content[start : start + chosen.choice([1, 10, 300])]
    return content[:start] + part + content[start:]


def other_text(chosen, content):
    """A character that means something, or another kind of line end."""
    if chosen.random() < 0.3:
        return content.replace(b"\n", chosen.choice(ENDS))
    at = chosen.randrange(len(content) + 1)
    mark = chosen.choice(
        [b'"', b",", b"\n", b"\r", b"{", b"}", b"\\", b"\xef\xbb\xbf", b"\xff", b"\0", b"\xe2\x80\xa8"]
    )
    return content[:at] + mark + content[at:]


def doubled(_, content):
    return content + content


CHANGES = (flipped, overwritten, cut_off, cut_out, padded, repeated, other_text, doubled)


def recompressed(chosen, content):
    """What can still be expanded, changed and compressed again, so that the checksum is right; else as it was."""
    try:
        text = gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return content, False
    return gzipped(chosen, chosen.choice(CHANGES)(chosen, text)), True
