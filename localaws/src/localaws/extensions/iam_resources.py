"""With `LOCALAWS_AUTH=1`, policies are checked against the resource AWS would check, where MiniStack takes another.

- `states:SendTask*`: the state machine that waits for the callback; MiniStack takes `*`, which the least privilege
  there is, a policy that names the machine, does not cover.
- `glue:GetDatabase` and its like: the database; MiniStack takes a table of that name.
- `athena:GetQueryExecution` and its like: the workgroup the query ran in; MiniStack takes `*`.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import athena
from ministack.services import stepfunctions as sfn

from localaws.hooks import wrap

TOKENS_KEPT = 10_000
DATABASE_ACTIONS = frozenset({"AWSGlue.GetDatabase", "AWSGlue.UpdateDatabase", "AWSGlue.DeleteDatabase"})

_machines: OrderedDict[str, str] = OrderedDict()
"""Token to machine, also of tokens that were answered: a second answer must be allowed as the first was."""


def install() -> None:
    """Name the right resources; whatever is not listed above stays as MiniStack has it."""

    @wrap(sfn, "_apply_parameters")
    def _(original: Any, state: dict[str, Any], data: Any, context: dict[str, Any] | None = None) -> Any:
        parameters = original(state, data, context)
        _keep_token(context)
        return parameters

    @wrap(iam_actions, "extract_resource_arn")
    def _(original: Any, service: str, *request: Any) -> str:
        _method, _path, headers, body = request[:4]
        named = {
            "states": lambda: _callback(body),
            "glue": lambda: _database(headers, body),
            "athena": lambda: _workgroup(body),
        }
        own = named[service]() if service in named else None
        return own or str(original(service, *request))


def _keep_token(context: dict[str, Any] | None) -> None:
    token = (context or {}).get("Task", {}).get("Token")
    machine = (context or {}).get("StateMachine", {}).get("Id")
    if token and machine:
        _machines[token] = machine
        while len(_machines) > TOKENS_KEPT:
            _machines.popitem(last=False)


def _callback(body: bytes) -> str | None:
    return _machines.get(str(_fields(body).get("taskToken")))


def _database(headers: dict[str, str], body: bytes) -> str | None:
    if headers.get("x-amz-target") not in DATABASE_ACTIONS:
        return None
    return f"arn:aws:glue:{get_region()}:{get_account_id()}:database/{_fields(body).get('Name')}"


def _workgroup(body: bytes) -> str | None:
    execution = athena._executions.get(str(_fields(body).get("QueryExecutionId")))
    if execution is None:
        return None
    return f"arn:aws:athena:{get_region()}:{get_account_id()}:workgroup/{execution['WorkGroup']}"


def _fields(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}
