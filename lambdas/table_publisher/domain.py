"""May main move to the audited snapshot? Rules over a table's references and the ancestry of its snapshots."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cartlake.errors import TerminalError
from cartlake.tables.snapshots import MAIN


class PublishError(TerminalError):
    """Main or the branch is not where this run left it. Nothing was published; what was audited must not be."""


@dataclass(frozen=True, slots=True)
class TableState:
    """`refs` maps branches to their heads, `parents` every known snapshot to the one it was made from."""

    refs: Mapping[str, int]
    parents: Mapping[int, int | None]

    def descends(self, snapshot: int | None, ancestor: int | None) -> bool:
        """Tell whether `ancestor` is `snapshot` or lies on its way back; the empty table (None) lies behind all."""
        while snapshot is not None:
            if snapshot == ancestor:
                return True
            snapshot = self.parents.get(snapshot)
        return ancestor is None


class Step(StrEnum):
    FAST_FORWARD = "fast_forward"
    DROP_BRANCH = "drop_branch"
    NOTHING = "nothing"


def plan_publish(state: TableState, branch: str, snapshot: int) -> Step:
    """Decide the one commit that makes `snapshot` the main table. Raises PublishError if that would lose anything."""
    main, head = state.refs.get(MAIN), state.refs.get(branch)
    if main is not None and state.descends(main, snapshot):
        return Step.NOTHING if head is None else Step.DROP_BRANCH  # published before: an earlier try got this far
    if head is None:
        raise PublishError(f"Branch {branch} does not exist, and main, at {main}, does not hold snapshot {snapshot}.")
    if head != snapshot:
        raise PublishError(
            f"Branch {branch} is at {head}, but what was audited is {snapshot}; another writer wrote since."
        )
    if not state.descends(snapshot, main):
        raise PublishError(f"Main has moved to {main}, from which {branch} at {snapshot} did not grow. Run it again.")
    return Step.FAST_FORWARD


def plan_discard(state: TableState, branch: str) -> Step:
    return Step.DROP_BRANCH if branch in state.refs and branch != MAIN else Step.NOTHING
