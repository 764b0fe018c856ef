"""What must hold of a table when a commit reaches the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyiceberg.table.update import AssertRefSnapshotId

if TYPE_CHECKING:
    from pyiceberg.table.metadata import TableMetadata
    from pyiceberg.table.update import TableRequirement


class _AssertHead(AssertRefSnapshotId):
    """Also allows the first snapshot of a table on a branch, as Iceberg does; pyiceberg wants it on main."""

    def validate(self, base_metadata: TableMetadata | None) -> None:  # type: ignore[override]
        if base_metadata is None or base_metadata.refs or self.snapshot_id is not None:
            super().validate(base_metadata)


def or_no_snapshots(requirement: TableRequirement) -> TableRequirement:
    """Return the requirement, met also by a table without snapshots if it is that a branch has no head."""
    if not isinstance(requirement, AssertRefSnapshotId):
        return requirement
    return _AssertHead(ref=requirement.ref, snapshot_id=requirement.snapshot_id)
