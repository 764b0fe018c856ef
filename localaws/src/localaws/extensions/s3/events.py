"""S3's EventBridge events carry `detail.object.version-id` for versioned buckets, as on AWS."""

from __future__ import annotations

import json
from contextvars import ContextVar
from typing import Any

from ministack.services import eventbridge, s3

from localaws.hooks import wrap


def install() -> None:
    """Pass the version id from the function that creates the event to the one that dispatches it."""
    version: ContextVar[str | None] = ContextVar("localaws_event_version", default=None)

    @wrap(s3, "_fire_s3_event")
    def _(original: Any, *args: Any, **kwargs: Any) -> Any:
        token = version.set(kwargs.get("version_id"))
        try:
            return original(*args, **kwargs)
        finally:
            version.reset(token)

    @wrap(eventbridge, "_dispatch_event")
    def _(original: Any, event: dict[str, Any], view: Any = None) -> Any:
        if version.get() and event.get("Source") == "aws.s3" and view is None:
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version.get()
            event = {**event, "Detail": json.dumps(detail)}
        return original(event, view)
