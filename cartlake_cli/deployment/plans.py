"""Reads a Terraform plan: which resources change, and how.

The format is that of `terraform show -json`: https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from cartlake_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FORMAT: Final = "1"
"""The major version of the format that is read."""

HOLDS_DATA: Final = frozenset(
    {
        "aws_dynamodb_table",
        "aws_glue_catalog_database",
        "aws_kms_key",
        "aws_s3_bucket",
    }
)
"""Types of resources with which data, or the only key to it, is lost."""


class Action(StrEnum):
    """What happens to a resource."""

    ADD = "add"
    CHANGE = "change"
    REPLACE = "replace"
    DESTROY = "destroy"
    FORGET = "forget"
    """Terraform no longer manages it; it stays."""


_ACTIONS: Final = {
    ("create",): Action.ADD,
    ("update",): Action.CHANGE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("delete",): Action.DESTROY,
    ("forget",): Action.FORGET,
}


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that changes, with its attributes before and after; those known only after the apply are missing."""

    address: str
    type: str
    action: Action
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    unknown: Mapping[str, Any] = field(default_factory=dict)

    @property
    def attributes(self) -> list[str]:
        """The names of the attributes that differ, or will be known only after the apply."""
        names = {name for name in {*self.before, *self.after} if self.before.get(name) != self.after.get(name)}
        return sorted(names | {name for name, value in self.unknown.items() if value is True})

    @property
    def loses_data(self) -> bool:
        """Whether data, or the only key to it, is deleted."""
        return self.type in HOLDS_DATA and self.action in {Action.DESTROY, Action.REPLACE}


def read_plan(path: Path) -> list[Change]:
    """Return the changes of a plan, sorted by address.

    Raises CommandError for a file that is not what `terraform show -json PLAN` prints.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version, found = document["format_version"], document.get("resource_changes", [])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise CommandError(
            f"{path} is not a plan in JSON ({fault}). `terraform show -json PLAN > {path.name}` writes one."
        ) from fault
    if version.split(".")[0] != FORMAT:
        raise CommandError(f"{path} has format {version}; this command reads format {FORMAT}.")
    return changes_of(found)


def changes_of(resource_changes: Sequence[Mapping[str, Any]]) -> list[Change]:
    """Return the changes of resources, without those that stay as they are and without data sources."""
    changes = []
    for each in resource_changes:
        change = each["change"]
        action = _ACTIONS.get(tuple(change["actions"]))
        if action is not None and each.get("mode", "managed") == "managed":
            parts = [change.get(name) or {} for name in ("before", "after", "after_unknown")]
            changes.append(Change(each["address"], each["type"], action, *parts))
    return sorted(changes, key=lambda change: change.address)
