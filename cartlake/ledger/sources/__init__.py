"""Sources in the ledger: how far each was read, and which sync has the lease."""

from cartlake.ledger.items.leases import LEASE, SourceBusyError, SyncReplacedError
from cartlake.ledger.sources.ledger import SourceLedger
from cartlake.ledger.sources.states import OpenSync, SourceState

__all__ = ["LEASE", "OpenSync", "SourceBusyError", "SourceLedger", "SourceState", "SyncReplacedError"]
