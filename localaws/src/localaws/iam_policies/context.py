"""Condition keys of a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Context = Mapping[str, str | Sequence[str]]
"""Condition keys in lower case, to one value or a list of values."""
