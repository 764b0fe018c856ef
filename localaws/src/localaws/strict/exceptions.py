"""Differences between AWS and its published models: names in messages, and constraints that AWS does not enforce.

Add to LENIENT only a shape for which a real account has accepted an invalid value, or for which AWS documents that it
does, with the reason.
"""

from __future__ import annotations

RENAMED: dict[str, dict[str, str]] = {
    "glue": {"TableInput": "table", "DatabaseInput": "database", "PartitionInput": "partition"},
}
"""By service: the names of members in AWS's messages, where they differ from the model."""

LENIENT: dict[str, dict[str, str]] = {}
"""By service: the shapes whose own constraints AWS does not enforce, each with the reason."""

CASELESS: dict[str, dict[str, str]] = {
    "s3": {"ChecksumMode": "AWS's C client (aws-c-s3) and Arrow 25 send `enabled` for ENABLED, and read from S3"},
}
"""By service: the shapes whose enum AWS compares without case, each with the reason."""
