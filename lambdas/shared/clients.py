"""The ledger and the event bus of a function, each made when it is first called.

`cartlake.aws.clients.client` keeps one boto3 client a service; what is made here is kept as long as that client.
"""

from functools import cache
from typing import TYPE_CHECKING

from cartlake.aws.clients import kept_with
from cartlake.ledger import Ledger
from lambdas.shared.event_bus import EventBus
from lambdas.shared.settings import LedgerSettings

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_events import EventBridgeClient


@cache
def _settings() -> LedgerSettings:
    return LedgerSettings()


@kept_with("dynamodb")
def ledger(dynamodb: "DynamoDBClient") -> Ledger:
    """Return the ledger that `LEDGER_TABLE` names."""
    return Ledger(_settings().ledger_table, dynamodb)


@kept_with("events")
def event_bus(events: "EventBridgeClient") -> EventBus:
    """Return the bus that `EVENT_BUS` names."""
    return EventBus(_settings().event_bus, events)
