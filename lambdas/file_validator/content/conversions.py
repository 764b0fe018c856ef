"""Files of formats that the lake does not read: the command that makes one of them that it reads."""

import re
import shlex
from collections.abc import Callable
from typing import Final

from cartlake.contracts.rules.sql import text_literal

_TEXT: Final = r"(?P<stem>.*\.(?:csv|jsonl|ndjson|json))"
_ANY: Final = r"(?P<stem>.*)"

Command = Callable[[str, str], str]
"""From the name of a file and its stem, as they are."""


def _quoted(command: str) -> Command:
    """Return a command line: `{name}` and `{stem}` stand for names, quoted where a shell needs it."""
    return lambda name, stem: command.format(name=shlex.quote(name), stem=shlex.quote(stem))


def _piped(reader: str) -> Command:
    return lambda name, stem: f"{reader} {shlex.quote(name)} | gzip > {shlex.quote(f'{stem}.gz')}"


def _duckdb(source: str, extension: str) -> Command:
    """Return a command line of DuckDB that writes what it reads as Parquet. `source` has `{}` for the file."""

    def command(name: str, stem: str) -> str:
        read, written = source.format(text_literal(name)), text_literal(f"{stem}.parquet")
        return f"duckdb -c {shlex.quote(f'install {extension}; load {extension}; copy (from {read}) to {written}')}"

    return command


_COMMANDS: Final[dict[str, Command]] = {
    rf"{_ANY}\.xlsx": _duckdb("read_xlsx({}, all_varchar = true)", "excel"),
    rf"{_ANY}\.(?:xls|xlsm|xlsb|ods)": _quoted("libreoffice --headless --convert-to csv {name}"),
    rf"{_TEXT}\.zip": _piped("unzip -p"),
    rf"{_TEXT}\.(?:zst|zstd)": _piped("zstd -dc"),
    rf"{_TEXT}\.bz2": _piped("bzip2 -dc"),
    rf"{_TEXT}\.xz": _piped("xz -dc"),
    rf"{_TEXT}\.lz4": _piped("lz4 -dc"),
    rf"{_ANY}\.zip": _quoted("unzip {name}"),
    rf"{_ANY}\.(?:tar|tar\.gz|tgz|tar\.bz2|tar\.xz|tar\.zst)": _quoted("tar -xf {name}"),
    r"(?P<stem>.*\.parquet)\.gz": _quoted("gunzip {name}"),
    r"(?P<stem>.*\.parquet)\.(?:zst|zstd)": _quoted("zstd -d {name}"),
    rf"{_ANY}\.(?:tsv|tab|txt|psv)": _quoted("mv {name} {stem}.csv"),
    rf"{_ANY}\.avro": _duckdb("read_avro({})", "avro"),
    rf"{_TEXT}\.(?:gzip|gz)": lambda name, stem: f"mv {shlex.quote(name)} {shlex.quote(f'{stem}.gz')}",
}


def conversion(name: str) -> str | None:
    """Return the command that makes a file which the lake reads from one of this name; None for an unknown format.

    Names may end in upper case. Of an archive the command takes out what is in it.
    """
    for pattern, command in _COMMANDS.items():
        if match := re.fullmatch(pattern, name, re.IGNORECASE | re.DOTALL):
            return command(name, match["stem"])
    return None
