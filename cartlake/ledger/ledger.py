"""The whole ledger, by what it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cartlake.ledger.backfills import BackfillLedger
from cartlake.ledger.fallbacks import FallbackLedger
from cartlake.ledger.files import FileLedger
from cartlake.ledger.locks import LockLedger
from cartlake.ledger.maintenance import MaintenanceLedger
from cartlake.ledger.runs import RunLedger
from cartlake.ledger.stale import StaleLedger
from cartlake.ledger.table import Table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class Ledger:
    """One DynamoDB table. Every method of its parts may be repeated: what was done before is not done again."""

    def __init__(self, table_name: str, client: DynamoDBClient) -> None:
        table = Table(table_name, client)
        self.files = FileLedger(table)
        self.locks = LockLedger(table)
        self.stale = StaleLedger(table)
        self.backfills = BackfillLedger(table, self.files)
        self.runs = RunLedger(table, self.files, self.stale)
        self.maintenance = MaintenanceLedger(table)
        self.fallbacks = FallbackLedger(table)

    def has_pending(self, subject: str) -> bool:
        """Whether a run would find work: files or a backfill of a dataset, or stale tables for the refresh."""
        return self.files.has_pending(subject) or self.backfills.has_pending(subject)
