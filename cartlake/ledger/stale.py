"""Stale tables in the ledger: rows that runs have changed, until a refresh has rebuilt the tables built from them.

A mark is pending until a refresh claims it, and is then kept with that run. When the run fails, its marks wait for the
next refresh but do not start one: otherwise a table that cannot be built would start one refresh after another.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from boto3.dynamodb.conditions import Attr

from cartlake.ledger.items.keys import failed_stale_key, run_key, run_stale_key, stale_key
from cartlake.ledger.items.table import (
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
from cartlake.ledger.models import RunState, StaleMark
from cartlake.refresh.graph import Scope
from cartlake.runs.ids import Workflow

MARKS_PER_WRITE: Final = (MAX_TRANSACTION - 1) // 2
"""Moving a mark takes two writes, and each transaction of a claim one check of the run."""

_PENDING: Final = f"PENDING#{Workflow.REFRESH}"
_OF_FAILED: Final = f"ASIDE#{Workflow.REFRESH}"


class StaleLedger:
    """The marks of stale tables."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def mark(self, run_id: str, table: str, scope: Scope) -> None:
        """Record that a run changed rows of `table`. With an id that belongs to no run, `table` itself is rebuilt."""
        mark = StaleMark(table=table, run_id=run_id, scope=scope)
        self._table.write(put(stale_key(run_id, table), mark.model_dump(mode="json")))

    def pending(self) -> list[StaleMark]:
        """Return the marks that the next refresh will claim: new ones, and those of refreshes that failed."""
        return [*_marks(self._table.query(_PENDING)), *self.of_failed_refreshes()]

    def of_failed_refreshes(self) -> list[StaleMark]:
        """Return the marks of refreshes that failed, until another refresh has claimed them."""
        return _marks(self._table.query(_OF_FAILED))

    def claim(self, refresh_run_id: str) -> list[StaleMark]:
        """Give all pending marks to a refresh; returns all marks it has. A refresh that has ended gets no more."""
        # A claim that is retried after the run has failed would take marks that no run rebuilds.
        running = check(run_key(refresh_run_id), when=Attr("state").eq(str(RunState.RUNNING)))
        for place in (_PENDING, _OF_FAILED):
            self._move_marks(self._table.query(place), lambda sk: run_stale_key(refresh_run_id, sk), running)
        return self.of_run(refresh_run_id)

    def of_run(self, refresh_run_id: str) -> list[StaleMark]:
        """Return the marks a refresh has claimed."""
        return _marks(self._table.query(f"RUN#{refresh_run_id}", "STALE#"))

    def release_failed(self, refresh_run_id: str) -> None:
        """Move the marks of a failed refresh back to those that the next refresh claims, without starting one."""
        claimed = self._table.query(f"RUN#{refresh_run_id}", "STALE#")
        again = [item | {"retried": True} for item in claimed]
        self._move_marks(again, lambda sk: failed_stale_key(sk.removeprefix("STALE#")))

    def _move_marks(self, items: Sequence[Item], target: Callable[[str], Key], *guards: Action) -> None:
        """Move marks that no other call has moved, as long as the conditions of `guards` are true."""
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
    # The delete has the condition: of two calls that move the same mark, the second writes nothing.
    return put(target, attributes), delete(Key(item["pk"], item["sk"]), when=PRESENT)


def _marks(items: Iterable[Item]) -> list[StaleMark]:
    return [StaleMark.model_validate(item) for item in items]
