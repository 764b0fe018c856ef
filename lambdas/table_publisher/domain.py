"""Decide whether main may move to the audited snapshot, by a table's branches and the ancestry of its snapshots."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from cartlake.errors import TerminalError
from cartlake.runs.ids import DELETED_KEYS, deleted_keys_branch
from cartlake.tables.snapshots import MAIN


class PublishError(TerminalError):
    """Main or the branch is not at the snapshot this run left it at, so nothing was published."""


class TableRewrittenError(TerminalError):
    """The files of main were rewritten since the branch was made, its rows are the same. The run has to be repeated."""


REWRITE: Final = "replace"
"""Iceberg's operation of a snapshot that has the same rows in other files, as compaction writes it:
https://iceberg.apache.org/spec/#snapshots."""


@dataclass(frozen=True, slots=True)
class TableState:
    """`refs` maps branches to their heads, `parents` every known snapshot to the one it was made from.

    `operations` has what each snapshot did, by Iceberg's names.
    """

    refs: Mapping[str, int]
    parents: Mapping[int, int | None]
    operations: Mapping[int, str] = field(default_factory=dict)

    def descends(self, snapshot: int | None, ancestor: int | None) -> bool:
        """Return whether `ancestor` is `snapshot` or one of its ancestors; the empty table (None) is one of all."""
        while snapshot is not None:
            if snapshot == ancestor:
                return True
            snapshot = self.parents.get(snapshot)
        return ancestor is None

    def is_published(self, snapshot: int) -> bool:
        """Return whether readers of main see what a snapshot wrote."""
        main = self.refs.get(MAIN)
        return main is not None and self.descends(main, snapshot)

    def only_rewritten(self, snapshot: int, since: int) -> bool:
        """Return whether `snapshot` has the rows of an ancestor that it shares with `since`: only files are others."""
        current: int | None = snapshot
        while current is not None and not self.descends(since, current):
            if self.operations.get(current) != REWRITE:
                return False
            current = self.parents.get(current)
        return current is not None


class Step(StrEnum):
    """The one commit to make."""

    FAST_FORWARD = "fast_forward"
    DROP_BRANCH = "drop_branch"
    NOTHING = "nothing"


def plan_publish(state: TableState, branch: str, snapshot: int) -> Step:
    """Decide the one commit that makes `snapshot` the main table.

    Raises PublishError if that would lose anything, TableRewrittenError where main was only compacted meanwhile. Then
    the branch cannot be published as it is: the positions it deletes are of files that compaction removed.
    """
    main, head = state.refs.get(MAIN), state.refs.get(branch)
    if state.is_published(snapshot):
        return Step.NOTHING if head is None else Step.DROP_BRANCH  # published by an earlier attempt
    if head is None:
        raise PublishError(f"Branch {branch} does not exist, and main, at {main}, does not hold snapshot {snapshot}.")
    if head != snapshot:
        raise PublishError(
            f"Branch {branch} is at {head}, but what was audited is {snapshot}; another writer wrote since."
        )
    if main is not None and not state.descends(snapshot, main):
        if state.only_rewritten(main, since=snapshot):
            raise TableRewrittenError(f"Main was compacted, to {main}, while {branch} was written. Run it again.")
        raise PublishError(f"Main has moved to {main}, which is no ancestor of {branch} at {snapshot}. Run it again.")
    check_deleted_keys(state, branch)
    return Step.FAST_FORWARD


def check_deleted_keys(state: TableState, branch: str) -> None:
    """Raises PublishError if the deletes of the run would replace others that were remembered meanwhile."""
    added, known = state.refs.get(deleted_keys_branch(branch)), state.refs.get(DELETED_KEYS)
    if added is not None and not state.descends(added, known):
        raise PublishError(
            f"Branch {DELETED_KEYS} has moved to {known}, which is no ancestor of what {branch} adds to it, at {added}."
            " Run it again."
        )


def plan_discard(state: TableState, branch: str) -> Step:
    """Decide whether there is a branch to drop, of rows or of the deletes beside it."""
    left = {branch, deleted_keys_branch(branch)} & state.refs.keys()
    return Step.DROP_BRANCH if left and branch != MAIN else Step.NOTHING
