"""The error of a check."""

from __future__ import annotations


class OtherAnswerError(Exception):
    """The endpoint answered, but not as AWS does."""
