"""SNS's and EventBridge's limits of messages, events, targets and schedules."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from localaws.strict.rules.rule import Refusal, rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.strict.rules.rule import Account

SUBJECT = 100
ENTRIES_BYTES, TIME_BYTES = 1_048_576, 14
TARGETS = 5
_RATE = re.compile(r"rate\((?P<value>\d+) (?P<unit>minute|hour|day)(?P<plural>s?)\)")
_CRON_FIELDS = 6
_SUBJECT = re.compile(r"[!-~][ -~]*")


@rule("sns", "Publish")
def subject(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse a subject that is no line of at most 100 characters of ASCII."""
    text = members.get("Subject")
    if not text or (len(text) <= SUBJECT and _SUBJECT.fullmatch(text)):
        return None
    return Refusal("InvalidParameter", "Invalid parameter: Subject")


def entry_bytes(entry: Mapping[str, Any]) -> int:
    """Return the size that EventBridge counts for an entry, in bytes."""
    texts = [entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *(entry.get("Resources") or ())]
    return sum(len(str(text).encode()) for text in texts if text) + (TIME_BYTES if entry.get("Time") else 0)


@rule("events", "PutEvents")
def entry_size(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse entries that are too large together."""
    entries = [entry for entry in members.get("Entries") or () if isinstance(entry, dict)]
    if sum(map(entry_bytes, entries)) <= ENTRIES_BYTES:
        return None
    return Refusal("ValidationException", "Total size of the entries in the request is over the limit.")


def entry_fault(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return code and message with which one entry fails, while the call succeeds; None for a valid entry."""
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    return None if isinstance(detail, dict) else ("MalformedDetail", "Detail is malformed.")


@rule("events", "PutTargets")
def targets(members: Mapping[str, Any], account: Account) -> Refusal | None:
    """Refuse a sixth target of a rule, and a target with two inputs."""
    sent = [target for target in members.get("Targets") or () if isinstance(target, dict)]
    for target in sent:
        if sum(name in target for name in ("Input", "InputPath", "InputTransformer")) > 1:
            one = "Only one of Input, InputPath, or InputTransformer must be provided for target"
            return Refusal("ValidationException", f"{one} {target.get('Id')}.")
    present = account.targets(members.get("Rule", ""), members.get("EventBusName") or "default")
    if len({*present, *(target.get("Id") for target in sent)}) <= TARGETS:
        return None
    return Refusal("LimitExceededException", "The requested resource exceeds the maximum number allowed.")


@rule("events", "PutRule")
def schedule(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse a schedule that is neither a rate nor a cron expression of AWS."""
    expression = members.get("ScheduleExpression")
    if not expression or _is_rate(expression) or _is_cron(expression):
        return None
    return Refusal("ValidationException", "Parameter ScheduleExpression is not valid.")


def _is_rate(expression: str) -> bool:
    found = _RATE.fullmatch(expression)
    return found is not None and int(found["value"]) > 0 and (found["value"] == "1") != bool(found["plural"])


def _is_cron(expression: str) -> bool:
    if not (expression.startswith("cron(") and expression.endswith(")")):
        return False
    fields = expression[5:-1].split()
    day, weekday = (fields[2], fields[4]) if len(fields) == _CRON_FIELDS else ("", "")
    return (day == "?") != (weekday == "?")
