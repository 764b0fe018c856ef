"""Branches of Iceberg tables. One change is one commit, which Glue carries out completely or not at all."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table.update import AssertRefSnapshotId, RemoveSnapshotRefUpdate

from cartlake.aws.clients import kept_with
from cartlake.errors import TransientError
from cartlake.runs.ids import DELETED_KEYS, deleted_keys_branch
from cartlake.tables.catalog import load_catalog
from cartlake.tables.snapshots import MAIN, branch_at
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
        """Move main to the branch, with what the run remembers as deleted, and drop the branch.

        Raises TransientError if another commit came in between.
        """
        self._move({MAIN: branch}, branch)

    def keep_deleted_keys(self, branch: str) -> None:
        """Do what `fast_forward` does, and leave main where it is: deletes were all that the run wrote."""
        self._move({}, branch)

    def drop_branch(self, branch: str) -> None:
        """Drop the branch and what its run would have remembered as deleted."""
        names = self._branches_of(branch)
        self._commit(_drops(names), self._unmoved(names))

    def _move(self, moves: Mapping[str, str], branch: str) -> None:
        refs, names, deleted = self.state.refs, self._branches_of(branch), deleted_keys_branch(branch)
        moves = {**moves, **({DELETED_KEYS: deleted} if deleted in names else {})}
        heads = [branch_at(self._table, name, refs[source]) for name, source in moves.items()]
        if heads or names:
            self._commit((*heads, *_drops(names)), self._unmoved([*moves, *names]))

    def _branches_of(self, branch: str) -> list[str]:
        return [name for name in (branch, deleted_keys_branch(branch)) if name in self.state.refs]

    def _unmoved(self, names: Sequence[str]) -> tuple[AssertRefSnapshotId, ...]:
        refs = self.state.refs
        return tuple(AssertRefSnapshotId(ref=name, snapshot_id=refs.get(name)) for name in names)

    def _commit(self, updates: "tuple[TableUpdate, ...]", requirements: "tuple[TableRequirement, ...]") -> None:
        try:
            self._table.catalog.commit_table(self._table, requirements, updates)
        except CommitFailedException as error:
            # The retry reads the table again and decides anew, so a conflict that matters ends as PublishError there.
            raise TransientError(f"Another commit to {'.'.join(self._table.name())} came first: {error}") from error


def _drops(names: Sequence[str]) -> tuple[RemoveSnapshotRefUpdate, ...]:
    return tuple(RemoveSnapshotRefUpdate(ref_name=name) for name in names)


@kept_with("glue")
def tables(_glue: "GlueClient") -> IcebergTables:
    """Return the tables of the Glue catalog."""
    return IcebergTables(load_catalog())
