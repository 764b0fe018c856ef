"""With `LOCALAWS_AUTH=1`, checks policies for the resource that AWS checks, where MiniStack checks another.

- `states:SendTask*`: the state machine that waits for the callback; MiniStack checks `*`, which a policy of least
  privilege, with the ARN of the machine, does not allow.
- `glue:GetDatabase`, `UpdateDatabase`, `DeleteDatabase`: the database; MiniStack checks a table of that name.
- `glue:GetTable` and others of one table: the table; MiniStack checks its database alone.
- `emr-serverless:…`: the application or job run; MiniStack does not know the service.
- `athena:GetQueryExecution` and others of a query: the workgroup of the query; MiniStack checks `*`.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import athena
from ministack.services import stepfunctions as sfn

from localaws import service_models
from localaws.hooks import wrap
from localaws.iam_calls import emr_serverless, glue
from localaws.iam_calls.model import Call, Lookups
from localaws.strict.requests import Request

TOKENS_KEPT = 10_000
DATABASE_ACTIONS = frozenset({"AWSGlue.GetDatabase", "AWSGlue.UpdateDatabase", "AWSGlue.DeleteDatabase"})

_machines: OrderedDict[str, str] = OrderedDict()
"""The machine of each token, also of tokens that were used: a second callback must be allowed like the first."""


def install() -> None:
    """Return the resources above to the policy check; MiniStack determines all others."""

    @wrap(sfn, "_apply_parameters")
    def _(original: Any, state: dict[str, Any], data: Any, context: dict[str, Any] | None = None) -> Any:
        parameters = original(state, data, context)
        _keep_token(context)
        return parameters

    @wrap(iam_actions, "extract_resource_arn")
    def _(original: Any, service: str, *request: Any) -> str:
        method, path, headers, body = request[:4]
        named = {
            "states": lambda: _callback(body),
            "glue": lambda: _table(headers, body) or _database(headers, body),
            "athena": lambda: _workgroup(body),
            "emr-serverless": lambda: _application(Request(method, path, headers, body, request[4] or {})),
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


def machine_of_token(token: str) -> str:
    """Return the ARN of the state machine that waits, or has waited, for a task token; empty when unknown."""
    return _machines.get(token, "")


def _callback(body: bytes) -> str | None:
    return machine_of_token(str(_fields(body).get("taskToken"))) or None


def _database(headers: dict[str, str], body: bytes) -> str | None:
    if headers.get("x-amz-target") not in DATABASE_ACTIONS:
        return None
    return f"arn:aws:glue:{get_region()}:{get_account_id()}:database/{_fields(body).get('Name')}"


def _table(headers: dict[str, str], body: bytes) -> str | None:
    operation, fields = headers.get("x-amz-target", "").rpartition(".")[2], _fields(body)
    if operation not in glue.TABLE_OPERATIONS:
        return None
    found = glue.needed(Call("glue", operation, fields, get_region(), get_account_id()), Lookups())
    return found[-1].resource


def _workgroup(body: bytes) -> str | None:
    execution = athena._executions.get(str(_fields(body).get("QueryExecutionId")))
    if execution is None:
        return None
    return f"arn:aws:athena:{get_region()}:{get_account_id()}:workgroup/{execution['WorkGroup']}"


def _application(request: Request) -> str | None:
    rules = service_models.service("emr-serverless")
    read = rules.read(request) if rules is not None else None
    if read is None:
        return None
    call = Call("emr-serverless", read.operation, read.members, get_region(), get_account_id())
    return emr_serverless.needed(call, Lookups())[0].resource


def _fields(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}
