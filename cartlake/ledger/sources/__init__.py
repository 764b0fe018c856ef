"""Sources in the ledger: how far each was read, and which sync has the lease."""

from cartlake.ledger.sources.ledger import SourceBusyError, SourceLedger, SyncReplacedError
from cartlake.ledger.sources.states import LEASE, OpenSync, SourceState

__all__ = ["LEASE", "OpenSync", "SourceBusyError", "SourceLedger", "SourceState", "SyncReplacedError"]
