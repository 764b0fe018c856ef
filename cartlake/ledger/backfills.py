"""Backfills in the ledger: one at a time of a dataset, the slices it is cut into, and how far it has come.

A slice is done when its run has succeeded. After one that failed no further slice begins until the user says so.
"""

from collections.abc import Sequence

from boto3.dynamodb.conditions import Attr, ConditionBase

from cartlake.ledger.items.keys import backfill_key, load_between_key, lock_key, run_index, run_key, slice_key
from cartlake.ledger.items.table import ABSENT, MAX_TRANSACTION, ConflictError, Table, all_of, check, put, update
from cartlake.ledger.models import (
    Backfill,
    BackfillOpenError,
    BackfillState,
    LockHeldError,
    RunRecord,
    RunState,
    Slice,
)
from cartlake.times import stamp, utc_now


class BackfillLedger:
    """The last backfill of each dataset, and its slices."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def request(self, backfill: Backfill) -> None:
        """Record a backfill. Its first run starts as soon as no other run of the dataset is running.

        Raises BackfillOpenError while another one of the dataset is not done.
        """
        ended = Attr("state").is_in([str(BackfillState.DONE), str(BackfillState.CANCELLED)])
        if not self._table.try_write(
            put(backfill_key(backfill.dataset), backfill.model_dump(mode="json"), when=ABSENT | ended)
        ):
            known = self.get(backfill.dataset)
            raise BackfillOpenError(
                f"A backfill of {backfill.dataset} is not done yet: that of files received {known}. "
                f"`lake backfill {backfill.dataset} --status` shows it; resume, cancel or await it."
            )

    def get(self, dataset: str) -> Backfill | None:
        """Return the last backfill of a dataset, done or not; strongly consistent. None if there never was one."""
        item = self._table.get(backfill_key(dataset))
        return None if item is None else Backfill.model_validate(item)

    def has_pending(self, dataset: str) -> bool:
        """Return whether the next run of the dataset would begin a slice; strongly consistent."""
        backfill = self.get(dataset)
        return backfill is not None and backfill.is_waiting

    def slices(self, backfill: Backfill) -> list[Slice]:
        """Return the slices in the order in which they are done; none before they are cut. Strongly consistent."""
        key = slice_key(backfill, 0)
        items = self._table.query(key.pk, f"SLICE#{backfill.request_id}#", limit=backfill.slices or 1)
        return [Slice.model_validate(item) for item in items] if backfill.slices else []

    def get_slice(self, backfill: Backfill, number: int) -> Slice:
        """Return one slice by its number, from 1; strongly consistent."""
        return Slice.model_validate(self._table.get(slice_key(backfill, number)))

    def cut(self, backfill: Backfill, slices: Sequence[Slice]) -> Backfill:
        """Record the slices of a backfill, or further ones at its end; returns the backfill as stored."""
        puts = [put(slice_key(backfill, one.number), one.model_dump(mode="json")) for one in slices]
        for start in range(0, len(puts), MAX_TRANSACTION):
            self._table.write(*puts[start : start + MAX_TRANSACTION])
        # The number last: until then a retry may cut them again.
        unchanged = Attr("slices").eq(backfill.slices) if backfill.slices else Attr("slices").not_exists()
        self._change(backfill, unchanged, slices=(backfill.slices or 0) + len(slices))
        return self.get(backfill.dataset) or backfill

    def claim(self, run_id: str, backfill: Backfill, part: Slice, execution_arn: str | None = None) -> RunRecord | None:
        """Give the next slice to a run, and record and return the run. None if it is not the next any more.

        Raises LockHeldError when the run does not hold the dataset's lock.
        """
        now, dataset = stamp(utc_now()), backfill.dataset
        begun = part.model_copy(update={"run_id": run_id})
        run = RunRecord(
            run_id=run_id,
            subject=dataset,
            state=RunState.RUNNING,
            started_at=now,
            execution_arn=execution_arn,
            backfill=backfill,
            slice=begun,
        )
        index = {"gsi1pk": run_index(dataset), "gsi1sk": now}
        next_one = all_of(_of(backfill), _in(BackfillState.ACTIVE), Attr("position").eq(part.number - 1))
        try:
            self._table.write(
                check(lock_key(dataset), when=Attr("run_id").eq(run_id)),
                put(run_key(run_id), run.model_dump(mode="json") | index, when=ABSENT),
                update(backfill_key(dataset), {"position": part.number, "files_next": True}, when=next_one),
                put(slice_key(backfill, part.number), begun.model_dump(mode="json")),
            )
        except ConflictError as conflict:
            # The first action is the check of the lock; the others fail when the backfill was stopped or changed.
            if 0 in conflict.failed:
                raise LockHeldError(f"Run {run_id} cannot backfill {dataset}: another run has the lock.") from conflict
            return None
        return run

    def note_load(self, run_id: str, backfill: Backfill) -> None:
        """Record that a run loads new files before the backfill is done. The next run begins a slice."""
        self._table.write(put(load_between_key(backfill, run_id), {"run_id": run_id}))
        self._change(backfill, _in(BackfillState.ACTIVE), files_next=False)

    def loads_between(self, backfill: Backfill) -> list[str]:
        """Return the runs that loaded new files since the first slice began, oldest first."""
        key = load_between_key(backfill, "")
        return [str(item["run_id"]) for item in self._table.query(key.pk, key.sk)]

    def note_outranked(self, backfill: Backfill, part: Slice, outranked: int) -> None:
        """Record how many rows of a slice lost to rows of files that were not read again yet."""
        ours = Attr("run_id").eq(part.run_id)
        self._table.try_write(update(slice_key(backfill, part.number), {"outranked": outranked}, when=ours))

    def note_before(self, backfill: Backfill, snapshot_id: str | None) -> None:
        """Record the snapshot from before the first slice that withdrew rows; a later one changes nothing."""
        self._change(backfill, Attr("before").not_exists(), before=snapshot_id)

    def stop(self, backfill: Backfill) -> bool:
        """Begin no further slice, after one that failed. Returns False if it was not ACTIVE."""
        return self._change(backfill, _in(BackfillState.ACTIVE), state=str(BackfillState.FAILED))

    def resume(self, backfill: Backfill, position: int) -> bool:
        """Go on with a FAILED backfill after its first `position` slices. Returns False if it is not FAILED."""
        again = {"state": str(BackfillState.ACTIVE), "position": position}
        return self._change(backfill, _in(BackfillState.FAILED), **again)

    def cancel(self, backfill: Backfill) -> bool:
        """Begin no further slice, for good. Returns False if the backfill is done or cancelled already."""
        is_open = Attr("state").is_in([str(BackfillState.ACTIVE), str(BackfillState.FAILED)])
        return self._change(backfill, is_open, state=str(BackfillState.CANCELLED))

    def close(self, backfill: Backfill) -> bool:
        """Record as DONE a backfill of which every slice has begun. Call it when the run of the last has succeeded."""
        all_begun = Attr("position").eq(backfill.slices)
        ended = all_of(_in(BackfillState.ACTIVE), all_begun, Attr("slices").eq(backfill.slices))
        return self._change(backfill, ended, state=str(BackfillState.DONE))

    def _change(self, backfill: Backfill, when: ConditionBase, **attributes: object) -> bool:
        condition = all_of(_of(backfill), when)
        return self._table.try_write(update(backfill_key(backfill.dataset), attributes, when=condition))


def _of(backfill: Backfill) -> ConditionBase:
    return Attr("request_id").eq(backfill.request_id)


def _in(state: BackfillState) -> ConditionBase:
    return Attr("state").eq(str(state))
