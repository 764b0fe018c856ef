"""Streams in the ledger: which offsets of each topic were landed as files, and which range is claimed."""

from cartlake.ledger.streams.ledger import StreamLedger
from cartlake.ledger.streams.states import Claim, Incarnation, Partition, StreamState

__all__ = ["Claim", "Incarnation", "Partition", "StreamLedger", "StreamState"]
