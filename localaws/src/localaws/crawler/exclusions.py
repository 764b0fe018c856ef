"""Glue's exclude patterns, which are globs over the path below the target.

https://docs.aws.amazon.com/glue/latest/dg/define-crawler-choose-data-sources.html#crawler-data-stores-exclude
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKEN = re.compile(r"\*\*|\*|\?|\[[^\]]+\]|[{},]|\\.|.", re.DOTALL)
_MEANING = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}


def excluded(path: str, patterns: Iterable[str]) -> bool:
    """Return whether a path below the target matches one of the patterns."""
    return any(_regex(pattern).fullmatch(path) for pattern in patterns)


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    written, braces = [], 0
    for part in _TOKEN.findall(pattern):
        braces += {"{": 1, "}": -1}.get(part, 0)
        if part == "," and braces:
            written.append("|")
        elif part.startswith("["):
            written.append(part.replace("[!", "[^", 1))
        else:
            written.append(_MEANING.get(part) or re.escape(part.removeprefix("\\") or part))
    return re.compile("".join(written), re.DOTALL)
