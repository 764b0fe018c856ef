"""Decide whether main may move to the audited snapshot, by a table's branches and the ancestry of its snapshots."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cartlake.errors import TerminalError
from cartlake.tables.snapshots import MAIN


class PublishError(TerminalError):
    """Main or the branch is not at the snapshot this run left it at, so nothing was published."""


@dataclass(frozen=True, slots=True)
class TableState:
    """`refs` maps branches to their heads, `parents` every known snapshot to the one it was made from."""

    refs: Mapping[str, int]
    parents: Mapping[int, int | None]

    def descends(self, snapshot: int | None, ancestor: int | None) -> bool:
        """Return whether `ancestor` is `snapshot` or one of its ancestors; the empty table (None) is one of all."""
        while snapshot is not None:
            if snapshot == ancestor:
                return True
            snapshot = self.parents.get(snapshot)
        return ancestor is None


class Step(StrEnum):
    """The one commit to make."""

    FAST_FORWARD = "fast_forward"
    DROP_BRANCH = "drop_branch"
    NOTHING = "nothing"


def plan_publish(state: TableState, branch: str, snapshot: int) -> Step:
    """Decide the one commit that makes `snapshot` the main table. Raises PublishError if that would lose anything."""
    main, head = state.refs.get(MAIN), state.refs.get(branch)
    if main is not None and state.descends(main, snapshot):
        return Step.NOTHING if head is None else Step.DROP_BRANCH  # published by an earlier attempt
    if head is None:
        raise PublishError(f"Branch {branch} does not exist, and main, at {main}, does not hold snapshot {snapshot}.")
    if head != snapshot:
        raise PublishError(
            f"Branch {branch} is at {head}, but what was audited is {snapshot}; another writer wrote since."
        )
    if not state.descends(snapshot, main):
        raise PublishError(f"Main has moved to {main}, which is no ancestor of {branch} at {snapshot}. Run it again.")
    return Step.FAST_FORWARD


def plan_discard(state: TableState, branch: str) -> Step:
    """Decide whether there is a branch to drop."""
    return Step.DROP_BRANCH if branch in state.refs and branch != MAIN else Step.NOTHING
