"""Which files a query read, from DuckDB's profile of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def files_of(profile: dict[str, Any]) -> list[str]:
    """Return the data files that a profiled query opened, sorted; of each scan DuckDB names the first five."""
    return sorted({file for _, files in scans(profile) for file in files} - {"..."})


def scans(profile: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield each scan of files: DuckDB's name of the operator, and the files it names."""
    named = (profile.get("extra_info") or {}).get("Filename(s)", "")
    if files := [name.strip() for name in named.split(",") if name.strip()]:
        yield profile.get("operator_name", ""), files
    for child in profile.get("children") or []:
        yield from scans(child)
