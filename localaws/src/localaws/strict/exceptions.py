"""Where AWS and its published model differ: names in messages, and constraints that AWS does not enforce.

Add to LENIENT only what a real account was seen to accept, or what AWS documents against its
model, with the reason.
"""

from __future__ import annotations

RENAMED: dict[str, dict[str, str]] = {
    "glue": {"TableInput": "table", "DatabaseInput": "database", "PartitionInput": "partition"},
}
"""By service: the names AWS's messages use for members, where they are not those of the model."""

LENIENT: dict[str, dict[str, str]] = {}
"""By service: the shapes whose own constraints are not enforced, each with the reason."""
