"""The whole ledger: files, locks, runs, backfills, stale tables and maintenance of one DynamoDB table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cartlake.ledger.announcements import AnnouncementLedger, NoticeLedger
from cartlake.ledger.backfills import BackfillLedger
from cartlake.ledger.copies import CopyLedger
from cartlake.ledger.erasures import ErasureLedger
from cartlake.ledger.fallbacks import FallbackLedger
from cartlake.ledger.files import FileLedger
from cartlake.ledger.items.table import Table
from cartlake.ledger.locks import LockLedger
from cartlake.ledger.maintenance import MaintenanceLedger
from cartlake.ledger.next_runs import NextRunLedger
from cartlake.ledger.reloads import ReloadLedger
from cartlake.ledger.runs import RunLedger
from cartlake.ledger.sftp import SftpLedger
from cartlake.ledger.sources import SourceLedger
from cartlake.ledger.stale import StaleLedger
from cartlake.ledger.streams import StreamLedger

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class Ledger:
    """The parts of the ledger. Every method of them may be repeated: a change that was made is not made again."""

    def __init__(self, table_name: str, client: DynamoDBClient) -> None:
        table = Table(table_name, client)
        self.files = FileLedger(table)
        self.locks = LockLedger(table)
        self.next_runs = NextRunLedger(table)
        self.stale = StaleLedger(table)
        self.backfills = BackfillLedger(table)
        self.reloads = ReloadLedger(table, self.files)
        self.runs = RunLedger(table, self.files, self.stale, self.backfills)
        self.maintenance = MaintenanceLedger(table)
        self.fallbacks = FallbackLedger(table)
        self.copies = CopyLedger(table)
        self.erasures = ErasureLedger(table, self.files)
        self.announcements = AnnouncementLedger(table)
        self.notices = NoticeLedger(table)
        self.sources = SourceLedger(table)
        self.streams = StreamLedger(table)
        self.sftp = SftpLedger(table)

    def has_pending(self, subject: str) -> bool:
        """Return whether a run of a dataset, or the refresh, would find work: files, a backfill or stale tables."""
        return self.files.has_pending(subject) or self.backfills.has_pending(subject)
