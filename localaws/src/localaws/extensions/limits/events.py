"""Entries of `PutEvents` that AWS refuses fail alone, with their codes; the others are delivered."""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import json_response
from ministack.services import eventbridge

from localaws.hooks import succeeded, wrap
from localaws.strict.rules.messages import entry_fault


def install() -> None:
    """Check each entry of clients and of state machines; MiniStack's own events are not checked."""

    @wrap(eventbridge, "_put_events")
    def _(original: Any, data: dict[str, Any], allow_aws_source: bool = False) -> Any:  # noqa: FBT001, FBT002 -- theirs
        entries = data.get("Entries") or []
        faults = [None if allow_aws_source else entry_fault(entry) for entry in entries]
        if not any(faults):
            return original(data, allow_aws_source)
        valid = [entry for entry, fault in zip(entries, faults, strict=True) if fault is None]
        response = original({**data, "Entries": valid}, allow_aws_source)
        if not succeeded(response):
            return response
        answers = iter(json.loads(response[2])["Entries"])
        merged = [next(answers) if fault is None else _failed(*fault) for fault in faults]
        return json_response({"FailedEntryCount": sum("ErrorCode" in one for one in merged), "Entries": merged})


def _failed(code: str, message: str) -> dict[str, str]:
    return {"ErrorCode": code, "ErrorMessage": message}
