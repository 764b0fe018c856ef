"""Step Functions: definitions that are refused, and names and inputs of executions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from localaws.strict.rules.definitions import faults_of
from localaws.strict.rules.rule import Refusal, rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.strict.rules.rule import Account

DATA_BYTES = 262_144
_FORBIDDEN = re.compile('[\\s<>{}\\[\\]?*"#%\\\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff\U0010ffff]')


@rule("stepfunctions", "CreateStateMachine", "StartExecution", "CreateActivity")
def name(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse a name with spaces, brackets, wildcards or special characters."""
    given = members.get("name")
    return Refusal("InvalidName", f"Invalid Name: '{given}'") if given and _FORBIDDEN.search(given) else None


@rule("stepfunctions", "CreateStateMachine", "UpdateStateMachine")
def definition(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse a definition that could not be carried out."""
    text = members.get("definition")
    if text is None:
        return None
    try:
        parsed = json.loads(text)
    except ValueError as error:
        faults = [f"INVALID_JSON_DESCRIPTION: {error}"]
    else:
        faults = faults_of(parsed)
    return Refusal("InvalidDefinition", f"Invalid State Machine Definition: '{', '.join(faults)}'") if faults else None


@rule("stepfunctions", "StartExecution", "StartSyncExecution")
def execution_input(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse an input that is not JSON, or larger than 256 KiB as UTF-8."""
    text = members.get("input")
    if text is None:
        return None
    if len(text.encode()) > DATA_BYTES:
        return Refusal("InvalidExecutionInput", f"Invalid execution input: more than {DATA_BYTES} bytes")
    try:
        json.loads(text)
    except ValueError as error:
        return Refusal("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'")
    return None


@rule("stepfunctions", "SendTaskSuccess")
def task_output(members: Mapping[str, Any], _account: Account) -> Refusal | None:
    """Refuse an output that is not JSON, or larger than 256 KiB as UTF-8."""
    text = members.get("output") or ""
    try:
        json.loads(text)
    except ValueError as error:
        return Refusal("InvalidOutput", f"Invalid Output: '{error}'")
    too_large = len(text.encode()) > DATA_BYTES
    return Refusal("InvalidOutput", f"Invalid Output: more than {DATA_BYTES} bytes") if too_large else None
