"""Batches in the ledger that were too large for the light engine: what the next choice of an engine goes by."""

from datetime import datetime, timedelta
from typing import Final

from cartlake.ledger.items.keys import fallback_key
from cartlake.ledger.items.table import Table, put
from cartlake.ledger.models import Fallback
from cartlake.times import parse, stamp

REMEMBERED_FOR: Final = timedelta(days=7)
"""Then a batch of that size is tried on the light engine again: memory, timeout or data may have changed."""


class FallbackLedger:
    """The batches that were too large, one a dataset."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, subject: str, now: datetime) -> Fallback | None:
        """Return what is remembered of a dataset, None if nothing is or it has expired; strongly consistent."""
        item = self._table.get(fallback_key(subject))
        found = None if item is None else Fallback.model_validate(item)
        return found if found and parse(found.expires_at) > now else None

    def note(self, subject: str, run_id: str, error: str, size: int, now: datetime) -> Fallback:
        """Remember that a batch of `size` expanded bytes was too large, or a smaller one if that is remembered still.

        Only the run that holds the dataset writes it. May be repeated.
        """
        known = self.get(subject, now)
        smallest = min(size, known.size) if known else size
        noted = Fallback(
            subject=subject,
            run_id=run_id,
            error=error,
            size=smallest,
            at=stamp(now),
            expires_at=stamp(now + REMEMBERED_FOR),
        )
        self._table.write(put(fallback_key(subject), noted.model_dump(mode="json")))
        return noted
