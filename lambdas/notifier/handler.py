"""Sends a mail about each file that was rejected, at most ten an hour for a dataset.

A function and not a rule with the topic as its target: EventBridge sends no `aws:SourceAccount` to topics, so the key
of the lake would have to be open to rules of every account, and a broken export would send thousands of mails.
"""

from aws_lambda_powertools.utilities.parser.models import EventBridgeModel
from aws_lambda_powertools.utilities.typing import LambdaContext

from cartlake.events import FileRejected
from cartlake.times import utc_now
from lambdas.notifier.adapters import publish
from lambdas.notifier.domain import Rejected, mail_of
from lambdas.notifier.settings import settings
from lambdas.shared.clients import ledger
from lambdas.shared.entry import Answer, entry, logger

settings()  # a bad environment fails the cold start


class FileWasRejected(EventBridgeModel):
    detail: FileRejected


@entry(FileWasRejected)
def lambda_handler(event: FileWasRejected, _context: LambdaContext) -> Answer:
    file = event.detail
    number = ledger().notices.next(file.dataset, utc_now())
    about = Rejected(file.dataset, file.file_id, file.key, file.reason or "unknown", file.message or "no message")
    mail = mail_of(about, settings().environment, number)
    message_id = publish(settings().alerts_topic_arn, mail) if mail else None
    logger.info("file_rejection_noticed", file_id=file.file_id, dataset=file.dataset, message_id=message_id)
    return {"message_id": message_id}
