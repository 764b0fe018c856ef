"""SFTP servers in the ledger: what each file looked like at the last listing, and which contents were landed."""

from cartlake.ledger.sftp.ledger import SftpLedger
from cartlake.ledger.sftp.states import LandedContent, ListedFile, ListedState, ListingCounts, ServerState

__all__ = ["LandedContent", "ListedFile", "ListedState", "ListingCounts", "ServerState", "SftpLedger"]
