"""What is missing or unusual by the ledger. A sweep looks for it, because no event announces what did not happen.

Datasets without a success within their SLA, runs that take too long, days with far fewer or more rows than usual.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cartlake import contracts
from cartlake.ledger import Ledger, RunRecord, RunState
from cartlake.maintenance.documents import owner_of
from cartlake.runs.ids import ALL_DATASETS
from cartlake.runs.trends import DAYS, by_day, trend_of
from cartlake.times import parse

STUCK_AFTER: Final = timedelta(hours=4)
"""A run that has been at work longer. Glue jobs may run for three hours, steps retry for minutes."""

RUNS_LOOKED_AT: Final = 50
"""Of each subject, the newest. Where none of them succeeded, the dataset counts from the oldest of them."""

RUNS_OF_WEEKS: Final = DAYS * 100
"""Runs of a dataset that are compared: a hundred a day."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """Hours since the last success of what writes a dataset's table, and those its contract's SLA allows."""

    dataset: str
    hours: float
    promised_hours: float

    @property
    def overdue(self) -> bool:
        """Whether the last success is longer ago than the SLA allows."""
        return self.hours > self.promised_hours


@dataclass(frozen=True, slots=True)
class Unusual:
    """A dataset whose rows of the last whole day are not as usual, and how."""

    dataset: str
    finding: str


@dataclass(frozen=True, slots=True)
class Watched:
    """How fresh datasets are, runs that take too long, and datasets whose rows are not as usual."""

    fresh: list[Freshness]
    stuck: list[str]
    unusual: list[Unusual]

    def answer(self) -> dict[str, Any]:
        """Return what needs a person, as part of the answer of a sweep."""
        return {
            "overdue": [asdict(one) for one in self.fresh if one.overdue],
            "stuck": self.stuck,
            "unusual": [asdict(one) for one in self.unusual],
        }


def watch(ledger: Ledger, now: datetime, *, weeks: bool) -> Watched:
    """Look at the ledger; with `weeks` also at the rows of the last four weeks."""
    return Watched(freshness(ledger, now), stuck(ledger, now), unusual(ledger, now) if weeks else [])


def freshness(ledger: Ledger, now: datetime) -> list[Freshness]:
    """Return the freshness of each dataset whose contract has an SLA. One that never had a run promised nothing yet."""
    found = []
    for dataset, owner, hours in promised():
        since = last_success(ledger.runs.list(owner, limit=RUNS_LOOKED_AT))
        if since is not None:
            found.append(Freshness(dataset, (now - since) / timedelta(hours=1), hours))
    return found


def promised() -> Iterator[tuple[str, str, float]]:
    """Yield each dataset with a freshness SLA, the subject of the runs that write its table, and the hours allowed."""
    for contract in contracts.load_all():
        for table in contract.tables:
            owner = owner_of(contract, table)
            if owner and table.promised_hours is not None:
                yield contract.name, owner, table.promised_hours


def last_success(runs: Sequence[RunRecord]) -> datetime | None:
    """Return when the newest run succeeded that was no backfill, which reads old files.

    Where none did, when the oldest of `runs` began; None without runs. `runs` are the newest first.
    """
    ended = (run.ended_at for run in runs if run.state is RunState.SUCCEEDED and run.backfill is None and run.ended_at)
    moment = next(ended, runs[-1].started_at if runs else None)
    return parse(moment) if moment else None


def stuck(ledger: Ledger, now: datetime) -> list[str]:
    """Return the ids of runs that have been RUNNING for too long."""
    subjects = sorted({*contracts.names(), *ledger.files.datasets(), *ALL_DATASETS})
    return [
        run.run_id
        for subject in subjects
        for run in ledger.runs.list(subject, limit=RUNS_LOOKED_AT)
        if run.state is RunState.RUNNING and now - parse(run.started_at) > STUCK_AFTER
    ]


def unusual(ledger: Ledger, now: datetime) -> list[Unusual]:
    """Return the datasets whose rows, or refused rows, of yesterday differ much from those of the last four weeks."""
    found = []
    for dataset in sorted(contracts.names()):
        runs = ledger.runs.list(dataset, limit=RUNS_OF_WEEKS)
        trend = trend_of(dataset, by_day(runs), now.date())
        if runs and trend.finding:
            found.append(Unusual(dataset, trend.finding))
    return found
