"""The events Cartlake sends to its own bus, source `cartlake`. docs/ingestion.md lists them."""

import json
from typing import TYPE_CHECKING, Any, Final

from cartlake.aws.clients import aws_errors
from cartlake.errors import TransientError

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient

SOURCE: Final = "cartlake"


class EventBus:
    def __init__(self, name: str, client: "EventBridgeClient") -> None:
        self._name = name
        self._client = client

    def send(self, detail_type: str, detail: dict[str, Any]) -> None:
        """Send one event. Raises TransientError if the bus did not take it, which PutEvents reports as a success."""
        entry: Any = {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
        }
        with aws_errors():
            answer = self._client.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise TransientError(f"Event bus {self._name} refused {detail_type}: {answer['Entries']}")
