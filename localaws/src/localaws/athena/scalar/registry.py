"""All functions in Python, by their name in DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena.scalar import (
    binary,
    date_formats,
    date_texts,
    decimals,
    formats,
    json_texts,
    numbers,
    regexps,
    sketches,
    statistics,
    texts,
    times,
)
from localaws.athena.scalar.json_paths import functions as json_paths

if TYPE_CHECKING:
    from localaws.athena.scalar.signature import Function

_MODULES = (
    binary, date_formats, date_texts, decimals, formats, json_paths, json_texts, numbers, regexps, sketches, statistics,
    texts, times,
)  # fmt: skip


def scalar_functions() -> dict[str, Function]:
    """Return all declared functions by name."""
    return {name: declared for module in _MODULES for name, declared in module.FUNCTIONS.items()}
