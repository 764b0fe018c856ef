"""Reads a source: what was modified since the last time becomes files in the raw bucket, which the lake loads.

From the schedules and `lake sync`. It may be invoked at any time and twice at once: a source has one sync, which every
invocation goes on with until it is done. After an error the next invocation goes on behind the last file.
"""

from dataclasses import asdict

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import AwareDatetime, BaseModel

from cartlake.ledger.sources import SourceBusyError
from lambdas.shared.clients import ledger
from lambdas.shared.entry import Answer, entry, logger
from lambdas.source_sync.settings import settings
from sources.files import RawBucket
from sources.registry import make
from sources.sync import Syncer

settings()  # a bad environment fails the cold start

TIME_TO_END_MS = 120_000
"""What is left of the function's time when it stops and leaves the rest to the next invocation: the longest wait for a
source that is busy, and a file."""


class Request(BaseModel):
    """`since`: forget how far the source was read, and read from that moment on. `dry_run`: read, and write nothing."""

    source: str
    since: AwareDatetime | None = None
    dry_run: bool = False


@entry(Request)
def lambda_handler(request: Request, context: LambdaContext) -> Answer:
    source = make(request.source, settings().sources)
    syncer = Syncer(
        ledger().sources,
        RawBucket(settings().raw_bucket),
        has_time=lambda: context.get_remaining_time_in_millis() > TIME_TO_END_MS,
    )
    try:
        result = (syncer.look if request.dry_run else syncer.sync)(source, request.since)
    except SourceBusyError as error:
        # Not an error: a schedule came while a long first sync is at work.
        logger.info("busy", source=request.source)
        return {"outcome": "busy", "message": str(error)}
    logger.info("synced", **asdict(result))
    return {"outcome": "done" if result.done else "unfinished", **asdict(result)}
