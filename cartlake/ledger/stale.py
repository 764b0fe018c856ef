"""Stale tables in the ledger: what runs have changed, until a refresh has rebuilt what is built from it.

A mark waits among the pending work of `refresh`, is given to the run that claims it, and stays on record there. When
that run fails it is set aside: the next refresh takes it, but it starts none, so a broken table cannot start run
after run.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from boto3.dynamodb.conditions import Attr

from cartlake.ledger.keys import run_key, run_stale_key, stale_aside_key, stale_key
from cartlake.ledger.models import RunState, StaleMark
from cartlake.ledger.table import (
    MAX_TRANSACTION,
    PRESENT,
    Action,
    ConflictError,
    Item,
    Key,
    Table,
    check,
    delete,
    put,
)
from cartlake.refresh.graph import Scope
from cartlake.runs.ids import Workflow

MARKS_PER_WRITE: Final = (MAX_TRANSACTION - 1) // 2
"""To move a mark is two writes, and to claim any one look at the run."""

_PENDING: Final = f"PENDING#{Workflow.REFRESH}"
_ASIDE: Final = f"ASIDE#{Workflow.REFRESH}"


class StaleLedger:
    """The marks of stale tables."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def mark(self, run_id: str, table: str, scope: Scope) -> None:
        """Note that a run changed rows of `table`; with an id that belongs to no run, that `table` is to be rebuilt."""
        mark = StaleMark(table=table, run_id=run_id, scope=scope)
        self._table.write(put(stale_key(run_id, table), mark.model_dump(mode="json")))

    def pending(self) -> list[StaleMark]:
        """The marks that wait: new ones, and those a failed refresh set aside."""
        return [*_marks(self._table.query(_PENDING)), *self.aside()]

    def aside(self) -> list[StaleMark]:
        """The marks of refreshes that failed, until another has taken them."""
        return _marks(self._table.query(_ASIDE))

    def claim(self, refresh_run_id: str) -> list[StaleMark]:
        """Give all marks that wait to a refresh, and return all that it has. One that is over gets no more."""
        at_work = check(run_key(refresh_run_id), when=Attr("state").eq(str(RunState.RUNNING)))
        for place in (_PENDING, _ASIDE):
            self._move_marks(self._table.query(place), lambda sk: run_stale_key(refresh_run_id, sk), at_work)
        return self.of_run(refresh_run_id)

    def of_run(self, refresh_run_id: str) -> list[StaleMark]:
        """The marks a refresh has claimed."""
        return _marks(self._table.query(f"RUN#{refresh_run_id}", "STALE#"))

    def set_aside(self, refresh_run_id: str) -> None:
        """Keep what a failed refresh had claimed for the next refresh, without starting one."""
        claimed = self._table.query(f"RUN#{refresh_run_id}", "STALE#")
        self._move_marks(claimed, lambda sk: stale_aside_key(sk.removeprefix("STALE#")))

    def _move_marks(self, items: Sequence[Item], target: Callable[[str], Key], *guards: Action) -> None:
        """Move marks that are still where they were found, and while the guards hold."""
        for start in range(0, len(items), MARKS_PER_WRITE):
            self._move_some(items[start : start + MARKS_PER_WRITE], target, guards)

    def _move_some(self, items: Sequence[Item], target: Callable[[str], Key], guards: Sequence[Action]) -> None:
        moves = (action for item in items for action in _move(item, target(item["sk"])))
        try:
            self._table.write(*guards, *moves)
        except ConflictError as conflict:
            if len(items) > 1 and min(conflict.failed) >= len(guards):  # another call has moved some of them
                for item in items:
                    self._move_some([item], target, guards)


def _move(item: Item, target: Key) -> tuple[Action, Action]:
    attributes = {name: value for name, value in item.items() if name not in ("pk", "sk")}
    return put(target, attributes), delete(Key(item["pk"], item["sk"]), when=PRESENT)


def _marks(items: Iterable[Item]) -> list[StaleMark]:
    return [StaleMark.model_validate(item) for item in items]
