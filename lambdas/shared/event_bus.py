"""Sends the events of `cartlake.events` to the lake's own bus."""

from typing import TYPE_CHECKING

from cartlake.aws.clients import aws_errors
from cartlake.errors import TransientError
from cartlake.events import SOURCE, Event

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient


class EventBus:
    """One EventBridge bus."""

    def __init__(self, name: str, client: "EventBridgeClient") -> None:
        self._name = name
        self._client = client

    def send(self, event: Event) -> None:
        """Send one event. Raises TransientError if the bus refused it, for which PutEvents itself raises nothing."""
        name = event.detail_type()
        with aws_errors():
            answer = self._client.put_events(
                Entries=[{"EventBusName": self._name, "Source": SOURCE, "DetailType": name, "Detail": event.detail()}]
            )
        if answer["FailedEntryCount"]:
            raise TransientError(f"Event bus {self._name} refused {name}: {answer['Entries']}")
