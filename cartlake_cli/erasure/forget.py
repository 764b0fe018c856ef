"""The erasure of one person, step by step. What was done is in the ledger, so one that was interrupted goes on.

    tombstones → raw files → tables → copies → notes of the ledger → scan → report

Tombstones come first: whatever is loaded from then on is refused. All locks of the lake are held meanwhile.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cartlake import contracts
from cartlake.aws import s3
from cartlake.erasure.tombstones import Tombstones, new_tombstones, read_tombstones, write_tombstones
from cartlake.ledger.erasures import Erasure
from cartlake.refresh.graph import WHOLE, Graph
from cartlake.runs.ids import ALL_DATASETS, ERASURE, new_run_id
from cartlake.times import stamp, utc_now
from cartlake_cli.erasure import documents
from cartlake_cli.erasure.copies import Scanned, scan
from cartlake_cli.erasure.documents import KeptCopy, Report
from cartlake_cli.erasure.kept import kept_copies
from cartlake_cli.erasure.places import Places
from cartlake_cli.erasure.search import find_subject
from cartlake_cli.errors import CommandError, NotFoundError
from cartlake_cli.operations.coordinator import release_lock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cartlake_cli.context import Lake
    from cartlake_cli.erasure.places import Place
    from cartlake_cli.erasure.subject import Subject

POLL_SECONDS: Final = 2.0


@dataclass(frozen=True)
class Forgetting:
    """The erasure of the person with this id."""

    lake: Lake
    customer_id: str

    def dry_run(self) -> Report:
        """Return what would be removed. Takes no lock and changes nothing. Raises NotFoundError as `run` does."""
        stones = read_tombstones(self._bucket) or new_tombstones()
        erasure = self._erasure(stones)
        known = documents.saved_subject(self._bucket, erasure.erasure_id)
        subject = known or self._find()
        counts = {place.name: dict(place.count()) for place in self._places(subject, erasure)}
        counts = erasure.counts or counts  # of one that was interrupted, what was there when it began
        report = self._report(erasure, stones, subject, counts, dry_run=True)
        self._check_found(report, stones)
        return report

    def run(self, wait_seconds: float = 0) -> Report:
        """Remove the person from the lake and return the report, which is stored, too.

        Raises CommandError, before anything is changed, when a run is at work after `wait_seconds`, and NotFoundError
        when nothing of the person is there.
        """
        stones = read_tombstones(self._bucket)
        if stones is None:  # its key names erasures, so it is stored before one begins
            stones = new_tombstones()
            write_tombstones(self._bucket, stones)
        erasure = self._erasure(stones)
        self.lake.ledger.erasures.save(erasure)
        subject = documents.saved_subject(self._bucket, erasure.erasure_id)
        try:
            self._lock(erasure.run_id, wait_seconds)
            if subject is None:
                subject, erasure = self._begin(erasure, stones)
        except BaseException:
            if subject is None:
                self._abandon(erasure)
            raise
        report = self._remove(erasure, subject, stones)
        self._release(erasure.run_id)
        return report

    def _abandon(self, erasure: Erasure) -> None:
        """End an erasure that has changed nothing."""
        self._release(erasure.run_id)
        self.lake.ledger.erasures.save(erasure.model_copy(update={"ended_at": stamp(utc_now())}))

    @property
    def _bucket(self) -> str:
        return self.lake.outputs.buckets["artifacts"]

    def _erasure(self, stones: Tombstones) -> Erasure:
        """Return the erasure as it is on record, or a new one."""
        erasure_id = stones.hash_of(f"{ERASURE} {self.customer_id.strip()}")[:32]
        known = self.lake.ledger.erasures.get(erasure_id)
        if known is not None and known.is_open:
            return known
        now = utc_now()
        return Erasure(
            erasure_id=erasure_id, run_id=new_run_id(ERASURE, now, secrets.token_hex(3)), started_at=stamp(now)
        )

    def _find(self) -> Subject:
        places = Places(self.lake)
        return find_subject(self.customer_id, places.tables, places.columns, places.stored)

    def _places(self, subject: Subject, erasure: Erasure) -> Sequence[Place]:
        return list(Places(self.lake).of(subject, erasure.run_id))

    def _begin(self, erasure: Erasure, stones: Tombstones) -> tuple[Subject, Erasure]:
        """Find the person, count what is there, and put on record who it is and that the erasure has begun."""
        subject = self._find()
        counts = {place.name: dict(place.count()) for place in self._places(subject, erasure)}
        self._check_found(self._report(erasure, stones, subject, counts), stones)
        begun = erasure.model_copy(update={"counts": counts})
        write_tombstones(self._bucket, stones.with_ids(subject.ids, erasure.erasure_id))
        self.lake.ledger.erasures.save(begun)
        documents.save_subject(self._bucket, erasure.erasure_id, subject)
        return subject, begun

    def _remove(self, erasure: Erasure, subject: Subject, stones: Tombstones) -> Report:
        for place in self._places(subject, erasure):
            if place.name not in erasure.steps:
                place.erase()
                erasure = erasure.model_copy(update={"steps": [*erasure.steps, place.name]})
                self.lake.ledger.erasures.save(erasure)
        scanned = scan(sorted(self.lake.outputs.buckets.values()), subject)
        rebuilt = self._mark_stale(erasure)
        report = self._report(erasure, stones, subject, erasure.counts, scanned, rebuilt)
        uri = documents.report_uri(self._bucket, erasure.erasure_id, report.ended_at)
        s3.write_text(uri, report.model_dump_json(indent=2))
        ended = erasure.model_copy(update={"ended_at": report.ended_at, "report_uri": uri})
        self.lake.ledger.erasures.save(ended)
        documents.delete_subject(self._bucket, erasure.erasure_id)
        return report

    def _mark_stale(self, erasure: Erasure) -> list[str]:
        """Mark tables stale that are built from rows that were removed; the refresh begins when locks are released."""
        graph = Graph.of(contracts.load_all())
        changed = {name for name, counted in erasure.counts.items() if counted.get("rows") and name in graph.tables}
        stale = [one.table for one in graph.stale(dict.fromkeys(changed - set(graph.order), WHOLE))]
        for name in stale:
            self.lake.ledger.stale.mark(erasure.run_id, name, WHOLE)
        return stale

    def _report(
        self,
        erasure: Erasure,
        stones: Tombstones,
        subject: Subject,
        counts: dict[str, dict[str, int]],
        scanned: Scanned | None = None,
        rebuilt: Sequence[str] = (),
        *,
        dry_run: bool = False,
    ) -> Report:
        kept = kept_copies(self.lake) if scanned or dry_run else []
        return Report(
            erasure=erasure.erasure_id,
            subject=stones.hash_of(self.customer_id),
            records=len(subject.ids),
            dry_run=dry_run,
            started_at=erasure.started_at,
            ended_at=stamp(utc_now()),
            counts=counts,
            snapshots=self._snapshots(counts) if scanned else {},
            scanned_objects=scanned.objects if scanned else 0,
            left=len(scanned.left) if scanned else 0,
            rebuilt=list(rebuilt),
            kept=[KeptCopy(what=one.what, where=one.where, expires=one.expires, advice=one.advice) for one in kept],
        )

    def _snapshots(self, counts: dict[str, dict[str, int]]) -> dict[str, str]:
        places = Places(self.lake)
        stored = {
            name: places.stored(name) for name, found in counts.items() if found.get("files") and name in places.tables
        }
        heads = {name: one.current_snapshot() for name, one in stored.items() if one is not None}
        return {name: str(head.snapshot_id) for name, head in heads.items() if head is not None}

    def _check_found(self, report: Report, stones: Tombstones) -> None:
        """Raise NotFoundError when nothing of the person was found."""
        if report.found:
            return
        if stones.has(self.customer_id):
            raise NotFoundError("This customer was erased before, and nothing of them came since. Nothing was changed.")
        raise NotFoundError(
            f"No table, file or export has a row of customer {self.customer_id!r}. Nothing was changed. "
            "Ids are written as in the column customer_id of the files."
        )

    def _lock(self, run_id: str, wait_seconds: float) -> None:
        """Take all locks, or none. Raises CommandError that names the run that has one after `wait_seconds`."""
        deadline, locks = time.monotonic() + wait_seconds, self.lake.ledger.locks
        for subject in self._subjects():
            while not locks.acquire(subject, run_id):
                if time.monotonic() >= deadline:
                    holder = locks.get(subject)
                    raise CommandError(_busy(subject, holder.run_id if holder else "another run"))
                time.sleep(POLL_SECONDS)

    def _release(self, run_id: str) -> None:
        """Release all locks that are held; runs that wait, and the refresh, begin."""
        for subject in self.lake.ledger.locks.held_by(run_id, self._subjects()):
            release_lock(self.lake, subject, run_id)

    def _subjects(self) -> list[str]:
        datasets = [one.name for one in contracts.load_all() if one.droppable]
        return sorted({*datasets, *map(str, ALL_DATASETS)})


def _busy(subject: str, run_id: str) -> str:
    if run_id.startswith(f"{ERASURE}-"):
        return (
            f"The erasure {run_id} of another person is at work, or was interrupted. Repeat its `lake forget` first; "
            "nothing was changed now."
        )
    return (
        f"Run {run_id} of {subject} is at work, and may hold rows of this customer. Nothing was changed. Try again "
        "when it has ended (`lake runs`), or give --wait MINUTES."
    )
