"""Branches of Iceberg tables. One change is one commit, which Glue carries out completely or not at all."""

from typing import TYPE_CHECKING

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table.update import AssertRefSnapshotId, RemoveSnapshotRefUpdate

from cartlake.aws.clients import kept_with
from cartlake.errors import TransientError
from cartlake.tables.catalog import load_catalog
from cartlake.tables.snapshots import MAIN, main_at
from lambdas.table_publisher.domain import TableState

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table
    from pyiceberg.table.update import TableRequirement, TableUpdate
    from types_boto3_glue import GlueClient


class IcebergTables:
    """The tables of a catalog, by their names in it: database.table."""

    def __init__(self, catalog: "Catalog") -> None:
        self._catalog = catalog

    def load(self, name: str) -> "IcebergTable":
        return IcebergTable(self._catalog.load_table(name))


class IcebergTable:
    """One table as it was when loaded. Commits require that its references are still the same."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    @property
    def state(self) -> TableState:
        metadata = self._table.metadata
        return TableState(
            refs={name: ref.snapshot_id for name, ref in metadata.refs.items()},
            parents={snapshot.snapshot_id: snapshot.parent_snapshot_id for snapshot in metadata.snapshots},
            operations={one.snapshot_id: one.summary.operation.value for one in metadata.snapshots if one.summary},
        )

    def fast_forward(self, branch: str) -> None:
        """Move main to the branch and drop the branch. Raises TransientError if another commit came in between."""
        refs = self.state.refs
        forward = main_at(self._table, refs[branch])
        unmoved = (_unmoved(MAIN, refs.get(MAIN)), _unmoved(branch, refs[branch]))
        self._commit((forward, RemoveSnapshotRefUpdate(ref_name=branch)), unmoved)

    def drop_branch(self, branch: str) -> None:
        self._commit((RemoveSnapshotRefUpdate(ref_name=branch),), (_unmoved(branch, self.state.refs[branch]),))

    def _commit(self, updates: "tuple[TableUpdate, ...]", requirements: "tuple[TableRequirement, ...]") -> None:
        try:
            self._table.catalog.commit_table(self._table, requirements, updates)
        except CommitFailedException as error:
            # The retry reads the table again and decides anew, so a conflict that matters ends as PublishError there.
            raise TransientError(f"Another commit to {'.'.join(self._table.name())} came first: {error}") from error


def _unmoved(ref: str, snapshot: int | None) -> AssertRefSnapshotId:
    return AssertRefSnapshotId(ref=ref, snapshot_id=snapshot)


@kept_with("glue")
def tables(_glue: "GlueClient") -> IcebergTables:
    """Return the tables of the Glue catalog."""
    return IcebergTables(load_catalog())
