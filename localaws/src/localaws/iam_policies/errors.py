"""What this package raises."""

from __future__ import annotations

from localaws.errors import TerminalError


class PolicyError(TerminalError):
    """A policy document is not valid; the message names the element and its value."""
