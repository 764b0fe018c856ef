"""Slices of a backfill that begin and end without functions: by the ledger alone."""

from cartlake.ledger import Slice
from cartlake.runs.documents import EngineChoice
from cartlake.times import utc_now


def begin(ledger, dataset, run_id, slices=1):
    """Let a run take the next slice of the backfill, which the first one cuts into `slices`."""
    backfill = ledger.backfills.get(dataset)
    if backfill.slices is None:
        today = utc_now().date()
        parts = [
            Slice(number=number, first=today, last=today, first_key="a", last_key="b", files=3, size=1, rows=1)
            for number in range(1, slices + 1)
        ]
        backfill = ledger.backfills.cut(backfill, parts)
    ledger.locks.acquire(dataset, run_id)
    part = ledger.backfills.get_slice(backfill, backfill.position + 1)
    assert ledger.backfills.claim(run_id, backfill, part)
    ledger.runs.chosen(run_id, EngineChoice(engine="light", reason="small"))


def end(ledger, run_id, counts):
    """Let the run of a slice succeed."""
    run = ledger.runs.finish(run_id, counts, "")
    ledger.backfills.close(ledger.backfills.get(run.subject))
    ledger.locks.release(run.subject, run_id)
