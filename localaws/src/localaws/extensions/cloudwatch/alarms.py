"""`DescribeAlarms` in the Query protocol with every attribute, which Terraform's provider reads.

MiniStack returns all fields in JSON, and eight of them in the Query protocol; this converts the JSON response.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import cloudwatch

from localaws.hooks import succeeded, wrap


def to_xml(value: Any) -> str:
    """Return a JSON value as XML of the Query protocol: lists as `member` elements, no nulls."""
    if isinstance(value, dict):
        return "".join(f"<{name}>{to_xml(item)}</{name}>" for name, item in value.items() if item is not None)
    if isinstance(value, list):
        return "".join(f"<member>{to_xml(item)}</member>" for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))


def with_iso_times(value: Any, name: str = "") -> Any:
    """Return the value with every `…Timestamp` member, in epoch seconds, as ISO-8601."""
    if isinstance(value, dict):
        return {key: with_iso_times(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [with_iso_times(item) for item in value]
    if name.endswith("Timestamp") and isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value


def install() -> None:
    """Convert the JSON response for Query callers, and keep the one list that MiniStack drops."""

    def members(params: dict[str, Any], name: str) -> list[str]:
        found = (cloudwatch._p(params, f"{name}.member.{index}") for index in range(1, 101))
        return [value for value in found if value]

    @wrap(cloudwatch, "_describe_alarms")
    def _(original: Any, params: dict[str, Any], data: Any, is_cbor: bool, is_json: bool = False) -> Any:  # noqa: FBT001, FBT002 -- MiniStack's signature
        if is_cbor or is_json:
            return original(params, data, is_cbor, is_json)
        wanted: dict[str, Any] = {name: members(params, name) for name in ("AlarmNames", "AlarmTypes")}
        wanted |= {
            name: cloudwatch._p(params, name) for name in ("AlarmNamePrefix", "StateValue", "MaxRecords", "NextToken")
        }
        response = original({}, {name: value for name, value in wanted.items() if value}, False, True)  # noqa: FBT003
        if not succeeded(response):
            return response
        result = to_xml(with_iso_times(json.loads(response[2])))
        return cloudwatch._xml(200, "DescribeAlarmsResponse", f"<DescribeAlarmsResult>{result}</DescribeAlarmsResult>")

    @wrap(cloudwatch, "_put_metric_alarm")
    def _(original: Any, params: dict[str, Any], data: Any, is_cbor: bool, is_json: bool = False) -> Any:  # noqa: FBT001, FBT002 -- MiniStack's signature
        response = original(params, data, is_cbor, is_json)
        if succeeded(response) and not (is_cbor or is_json):
            alarm = cloudwatch._alarms[cloudwatch._p(params, "AlarmName")]
            alarm["InsufficientDataActions"] = members(params, "InsufficientDataActions")
        return response
