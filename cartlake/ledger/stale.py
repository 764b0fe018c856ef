"""Stale tables in the ledger: what runs have changed, until a refresh has rebuilt what is built from it.

A mark waits among the pending work of `refresh`, is given to the run that claims it, and stays on record there. When
that run fails it is set aside: the next refresh takes it, but it starts none, so a broken table cannot start run
after run.
"""

from collections.abc import Sequence
from typing import Final

from cartlake.ledger.files import FileLedger
from cartlake.ledger.keys import run_stale_key, stale_aside_key, stale_key
from cartlake.ledger.models import StaleMark
from cartlake.ledger.table import MAX_TRANSACTION, Key, delete, put
from cartlake.runs import REFRESH
from cartlake.staleness import Scope

MARKS_PER_WRITE: Final = MAX_TRANSACTION // 2
"""To move a mark is two writes."""


class StaleLedger(FileLedger):
    def mark_stale(self, run_id: str, table: str, scope: Scope) -> None:
        """Note that a run changed rows of `table`, or with a run of nobody's, that a table is to be rebuilt."""
        mark = StaleMark(table=table, run_id=run_id, scope=scope)
        self._table.write(put(stale_key(run_id, table), mark.model_dump(mode="json")))

    def pending_stale(self) -> list[StaleMark]:
        """The marks that wait: new ones, and those a failed refresh set aside."""
        items = [*self._table.query(f"PENDING#{REFRESH}"), *self._table.query(f"ASIDE#{REFRESH}")]
        return [StaleMark.model_validate(item) for item in items]

    def claim_stale(self, refresh_run_id: str) -> list[StaleMark]:
        """Give all marks that wait to a refresh, and return all that it has."""
        for place in (f"PENDING#{REFRESH}", f"ASIDE#{REFRESH}"):
            items = self._table.query(place)
            for some in _parts(items):
                actions = [
                    (put(run_stale_key(refresh_run_id, item["sk"]), _bare(item)), delete(Key(place, item["sk"])))
                    for item in some
                ]
                self._table.write(*(action for pair in actions for action in pair))
        return self.run_stale(refresh_run_id)

    def run_stale(self, refresh_run_id: str) -> list[StaleMark]:
        """The marks a refresh has claimed."""
        items = self._table.query(f"RUN#{refresh_run_id}", "STALE#")
        return [StaleMark.model_validate(item) for item in items]

    def _set_stale_aside(self, refresh_run_id: str) -> None:
        for some in _parts(self._table.query(f"RUN#{refresh_run_id}", "STALE#")):
            actions = [
                (
                    put(stale_aside_key(item["sk"].removeprefix("STALE#")), _bare(item)),
                    delete(Key(item["pk"], item["sk"])),
                )
                for item in some
            ]
            self._table.write(*(action for pair in actions for action in pair))


def _parts(items: Sequence[dict[str, object]]) -> list[list[dict[str, str]]]:
    return [list(items[start : start + MARKS_PER_WRITE]) for start in range(0, len(items), MARKS_PER_WRITE)]  # type: ignore[arg-type]


def _bare(item: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in item.items() if name not in ("pk", "sk")}
