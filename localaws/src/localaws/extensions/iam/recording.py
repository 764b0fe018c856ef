"""With the setting `iam_log`, logs every call that a role makes, with the rights that it needs on AWS.

The log is `logs/iam_calls.jsonl` (localaws.iam_state.log). Requests are logged here; what services call for a role,
such as the tasks of a state machine, by the extension `iam_service_roles`. Roles are known with `LOCALAWS_AUTH=1` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core import iam_evaluator, router
from ministack.core.responses import get_account_id

from localaws.extensions import strict_calls
from localaws.hooks import wrap
from localaws.iam_calls import s3
from localaws.iam_calls.model import Needed
from localaws.iam_calls.rights import needed
from localaws.iam_state.log import CallLog, call_log
from localaws.iam_state.lookups import LOOKUPS
from localaws.iam_state.roles import call_of

if TYPE_CHECKING:
    from types import ModuleType

    from localaws.strict.requests import Request

NOT_FOUND = 404


def install() -> None:
    """Log from now on, if the setting says so. Raises AttributeError when MiniStack lacks a function to change."""
    log = call_log()
    if log is None:
        return
    _log_requests(log)
    _log_denials(log)


def _log_requests(log: CallLog) -> None:
    @wrap(strict_calls, "_check_module")
    def _(original: Any, module: ModuleType, name: str) -> None:
        original(module, name)

        @wrap(module, "handle_request")
        async def _(handle: Any, *request: Any, **more: Any) -> Any:
            response = await handle(*request, **more)
            if not more.get("internal"):
                _log_request(log, name, strict_calls._request(*request), response[0])
            return response


def _log_request(log: CallLog, name: str, request: Request, status: int) -> None:
    role = _role(request)
    if not role:
        return
    for rules in strict_calls._rules(name):
        read = rules.read(request)
        if read is not None:
            call = call_of(rules.name, read.operation, read.members)
            missing = s3.to_tell_missing(call) if rules.name == "s3" and status == NOT_FOUND else []
            log.write(role, f"{rules.name}:{read.operation}", "request", [*needed(call, LOOKUPS), *missing])
            return


def _role(request: Request) -> str:
    key = router.extract_access_key_id(request.headers, request.query)
    return _role_of_key(key) if key else ""


def _role_of_key(key: str) -> str:
    credential = iam_evaluator.resolve_credential(key, get_account_id())
    if getattr(credential, "principal_type", "") != "AssumedRole":
        return ""
    return str(iam_evaluator._role_name_from_assumed_arn(credential.principal_arn))


def _log_denials(log: CallLog) -> None:
    @wrap(iam_evaluator, "enforce")
    def _(original: Any, key: str, action: str, *more: Any, **named: Any) -> Any:
        denied = original(key, action, *more, **named)
        role = _role_of_key(key) if denied is not None and key else ""
        if role:
            right = Needed(action, str(named.get("resource_arn", "*")))
            log.write(role, action, "request", [right], denied=True)
        return denied
