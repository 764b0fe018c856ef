"""SQS entry point: judge each landed object once, record the verdict, send it to the bus.

A message may be delivered five times, twice at once, or again after a crash between any two steps. So the steps are
ordered: the quarantine copy before the verdict, the verdict before its event; and each may be repeated. For a verdict
that is on record only the event is sent again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.parser.models import EventBridgeModel, SqsRecordModel
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, Field, Json

from cartlake import contracts
from cartlake.aws.objects import Head
from cartlake.aws.s3 import ObjectMissingError
from cartlake.errors import TransientError
from cartlake.events import FileDuplicate, FileRejected, FileValidated
from cartlake.ledger import FileRecord, FileState, ObjectVersion
from lambdas.file_validator.adapters import LandedFile, incoming, quarantine
from lambdas.file_validator.content.refusal import Reason, Rejection
from lambdas.file_validator.content.rules import FileRules, rules_of
from lambdas.file_validator.domain import Candidate, Ignored, Misplaced, Verdict, examine, locate
from lambdas.file_validator.settings import settings
from lambdas.shared.clients import event_bus, ledger
from lambdas.shared.counting import count
from lambdas.shared.entry import logger, tracer
from lambdas.shared.quarantine import Explanation

settings()  # a bad environment fails the cold start
DATASETS = frozenset(contracts.names())


class LandedBucket(BaseModel):
    name: str


class LandedObject(BaseModel):
    # Powertools' own model lacks the version id, by which all reads are of the same object.
    key: str
    size: int
    etag: str
    version_id: str | None = Field(default=None, alias="version-id")


class Landed(BaseModel):
    bucket: LandedBucket
    object: LandedObject

    def version(self) -> ObjectVersion:
        found = self.object
        return ObjectVersion(
            bucket=self.bucket.name,
            key=found.key,
            version_id=found.version_id,
            etag=found.etag.strip('"'),
            size=found.size,
        )


class LandedEvent(EventBridgeModel):
    detail: Landed


class LandedMessage(SqsRecordModel):
    body: Json[LandedEvent]


processor = BatchProcessor(event_type=EventType.SQS, model=LandedMessage)


@contextmanager
def _delivered_again_soon(message: LandedMessage) -> Iterator[None]:
    """Log why a message failed, have it delivered again before the queue would, and raise the failure again."""
    try:
        yield
    except Exception:
        key, deliveries = message.body.detail.object.key, int(message.attributes.ApproximateReceiveCount)
        logger.exception("message_failed", key=key, deliveries=deliveries)
        try:
            seconds = incoming().deliver_again(message.receiptHandle, deliveries)
            logger.info("message_redelivered", key=key, seconds=seconds)
        except (BotoCoreError, ClientError, TransientError):  # the queue delivers it again in any case, only later
            logger.exception("message_redelivery_failed", key=key)
        raise


@tracer.capture_method(capture_response=False)
def handle_record(record: LandedMessage) -> None:
    with _delivered_again_soon(record):
        _handle(record.body.detail.version())


def _handle(landed: ObjectVersion) -> None:
    place = locate(landed.key, landed.size, DATASETS)
    if isinstance(place, Ignored):
        logger.info("object_ignored", key=landed.key, why=place.why)
        return
    file = ledger().files.receive(place.dataset, landed)
    if file.state is FileState.RECEIVED:
        file = decide(file, judge(place, landed))
        count(file.dataset, **{f"Files{file.state.title()}": 1})
    announce(file)
    logger.info("file_judged", key=file.key, file_id=file.file_id, state=file.state, reason=file.reason)


def judge(place: Misplaced | Candidate, landed: ObjectVersion) -> Verdict:
    if isinstance(place, Misplaced):
        return place.rejection
    found = LandedFile(landed).head()
    if found is None:
        return _missing(landed)
    if not _is_current(found, landed):
        return Rejection(
            Reason.SUPERSEDED,
            f"{landed.key!r} was overwritten before it was read. The newer version has a record of its own;"
            " give every file a name of its own to load both.",
            {"version_id": landed.version_id, "current_version_id": found.version_id},
        )
    try:
        file = LandedFile(landed.model_copy(update={"size": found.size}))
        verdict = examine(place, rules(place.dataset), file)
    except ObjectMissingError:
        return _missing(landed)
    return verdict if isinstance(verdict, Rejection) else verdict.model_copy(update={"written_at": found.written_at})


def _missing(landed: ObjectVersion) -> Rejection:
    return Rejection(
        Reason.OBJECT_MISSING, f"{landed.key!r} was deleted before it was read. Drop it again if it should be loaded."
    )


def _is_current(found: Head, landed: ObjectVersion) -> bool:
    if landed.version_id and found.version_id:
        return found.version_id == landed.version_id
    return found.etag == landed.etag


def decide(file: FileRecord, verdict: Verdict) -> FileRecord:
    """Record the verdict and return the file's record: a good file becomes pending, a bad one is copied first."""
    if not isinstance(verdict, Rejection):
        return ledger().files.validated(file.file_id, verdict)
    version = rules(file.dataset).contract_version if file.dataset in DATASETS else None
    quarantine().reject(file, Explanation(verdict.reason, verdict.message, version, verdict.details))
    return ledger().files.rejected(file.file_id, verdict.reason, verdict.message)


def announce(file: FileRecord) -> None:
    """Send the verdict's event, also for an earlier verdict: the call that recorded it may have ended before this."""
    about = {"dataset": file.dataset, "file_id": file.file_id, "bucket": file.bucket, "key": file.key}
    match file.state:
        case FileState.VALIDATED:
            event_bus().send(FileValidated(**about, size=file.size, sha256=file.sha256))
        case FileState.DUPLICATE:
            event_bus().send(FileDuplicate(**about, duplicate_of=file.duplicate_of))
        case FileState.REJECTED:
            uri = quarantine().reason_uri(file)
            event_bus().send(FileRejected(**about, reason=file.reason, message=file.detail, reason_uri=uri))
        case _:
            pass  # a run has it already


@cache
def rules(dataset: str) -> FileRules:
    return rules_of(contracts.load(dataset))


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    return process_partial_response(event, handle_record, processor, context)
