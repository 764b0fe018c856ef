"""Finds what events have not: files without a record or a verdict, runs without an execution, work without a run.

It also says what did not happen: datasets without a success within their SLA, runs that take too long, unusual days.

From the schedules, `lake up` and `lake sweep`. It may be invoked at any time and twice at once: the validator takes a
file that is on record for what it is, and every change of the ledger names the state it starts from.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field

from cartlake.raw_listing import Place
from cartlake.times import utc_now
from lambdas.lake_sweeper import adapters
from lambdas.lake_sweeper.domain import BUSY_GRACE
from lambdas.lake_sweeper.files import FileSweep, FoundFiles
from lambdas.lake_sweeper.runs import FoundRuns, RunSweep
from lambdas.lake_sweeper.settings import settings
from lambdas.lake_sweeper.watching import Watched, watch
from lambdas.shared.clients import ledger
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, entry, logger

settings()  # a bad environment fails the cold start

TIME_TO_END_MS = 120_000
"""What is left of the function's time when it stops and has another invocation go on: more than a thousand
announcements take."""

ALL_DATASETS = "all"
"""The value of the metrics' dimension `dataset`."""


class Request(BaseModel):
    """`days`: only files of the last days are looked up. `after`: where the listing goes on, and nothing else is done.

    `grace_seconds`: how old something must be; by default that of the settings, and longer while messages wait.
    """

    dry_run: bool = False
    days: int | None = Field(default=None, ge=1)
    grace_seconds: int | None = Field(default=None, ge=0)
    after: Place | None = None


@entry(Request)
def lambda_handler(request: Request, context: LambdaContext) -> Answer:
    now, grace = utc_now(), _grace(request.grace_seconds)
    runs, files = FoundRuns(), FoundFiles()
    file_sweep = FileSweep(ledger(), settings().raw_bucket, now, _grace_of_files(request), request.dry_run)
    if request.after is None:
        run_sweep = RunSweep(ledger(), now, grace, request.dry_run)
        run_sweep.close_gone(runs)
        run_sweep.start_waiting(runs)
        if not request.dry_run:
            file_sweep.forget()
        file_sweep.unjudged(files)
    since = now - timedelta(days=request.days) if request.days else None
    file_sweep.unrecorded(files, request.after, since, lambda: context.get_remaining_time_in_millis() > TIME_TO_END_MS)
    if files.rest and not request.dry_run:
        rest = request.model_copy(update={"after": files.rest})
        adapters.go_on(context.invoked_function_arn, rest.model_dump(mode="json"))
    return _reported(request, runs, files, _watch(request, now))


def _grace(seconds: int | None) -> timedelta:
    return timedelta(seconds=settings().grace_seconds if seconds is None else seconds)


def _grace_of_files(request: Request) -> timedelta:
    grace = _grace(request.grace_seconds)
    if request.grace_seconds is None and not adapters.queue_is_empty():
        return max(grace, BUSY_GRACE)
    return grace


def _watch(request: Request, now: datetime) -> Watched | None:
    """Look once in a sweep, not again where a listing goes on; at the weeks before only once a day."""
    return None if request.after else watch(ledger(), now, weeks=request.days is None)


def _count(watched: Watched) -> None:
    """Send the metrics of what was seen. `DatasetsOverdue` is sent even if none is, since its absence is an alarm."""
    for one in watched.fresh:
        count(one.dataset, DatasetsOverdue=int(one.overdue), HoursSinceSuccess=one.hours)
    if not watched.fresh:
        count(ALL_DATASETS, DatasetsOverdue=0)
    # None is not sent: a metric is billed for each hour in which it has a value.
    count(ALL_DATASETS, RunsStuck=len(watched.stuck) or None, DatasetsUnusual=len(watched.unusual) or None)


def _reported(request: Request, runs: FoundRuns, files: FoundFiles, watched: Watched | None) -> Answer:
    answer: dict[str, Any] = {
        "dry_run": request.dry_run,
        "files": asdict(files) | {"rest": files.rest.model_dump() if files.rest else None},
        "runs": asdict(runs),
        "found": files.unrecorded + files.unjudged + len(runs.closed) + len(runs.waiting),
        **(watched.answer() if watched else {}),
    }
    if not request.dry_run:
        count(ALL_DATASETS, SweepFound=answer["found"] or None)
        if watched:
            _count(watched)
    logger.info("swept", **answer)
    return answer
