"""Reads an SFTP server: files that are finished there become objects in the raw bucket, which the lake loads.

From the schedules and `lake sync`. It may be invoked at any time and twice at once: a server has one reader, and a
content becomes one object. After an error the next invocation goes on behind the last file.
"""

from contextlib import closing

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from cartlake import contracts
from cartlake.errors import TerminalError
from cartlake.ledger.items.leases import SourceBusyError
from cartlake.secrets import read_secret
from lambdas.sftp_reader.settings import settings
from lambdas.shared.clients import ledger
from lambdas.shared.entry import Answer, entry, logger
from sources.sftp.bucket import CopyBucket
from sources.sftp.connection import Login
from sources.sftp.fetching import Fetcher
from sources.sftp.registry import folder_of, settings_of
from sources.sftp.results import FetchResult
from sources.sftp.server import SftpServer

settings()  # a bad environment fails the cold start

TIME_TO_END_MS = 120_000
"""What is left of the function's time when it stops and leaves the rest to the next invocation: the longest wait for a
server that does not answer, and the upload of a file."""


class RefusedFilesError(TerminalError):
    """Files on a server are not read; everything else was."""


class Request(BaseModel):
    """`dry_run`: list, and write nothing. `scheduled`: nobody sees the answer, so a refused file is an error."""

    server: str
    dry_run: bool = False
    scheduled: bool = False


@entry(Request)
def lambda_handler(request: Request, context: LambdaContext) -> Answer:
    of = settings_of(request.server, settings().sftp)
    login = Login(request.server, of, lambda fresh: read_secret(of.secret, fresh=fresh))
    fetcher = Fetcher(
        ledger().sftp,
        CopyBucket(settings().raw_bucket),
        has_time=lambda: context.get_remaining_time_in_millis() > TIME_TO_END_MS,
    )
    with closing(SftpServer(login)) as server:
        folder = folder_of(request.server, of, server, contracts.load)
        try:
            result = (fetcher.look if request.dry_run else fetcher.fetch)(folder)
        except SourceBusyError as error:
            # Not an error: a schedule came while another call reads.
            logger.info("busy", server=request.server)
            return {"outcome": "busy", "message": str(error)}
    logger.info("read", server=result.server, dataset=result.dataset, **result.counts.model_dump())
    if request.scheduled:
        _fail_if_refused(result)
    return {"outcome": "done" if result.done else "unfinished", **result.answer()}


def _fail_if_refused(result: FetchResult) -> None:
    """Fail the call and its repetitions, so that its event gets to the queue of failed events, which has an alarm."""
    if result.alarming:
        raise RefusedFilesError(
            f"{len(result.alarming)} files of {result.server} were refused, first {result.alarming[0]!r}; all others "
            f"were read. `lake sources {result.server}` says why."
        )
