"""With `LOCALAWS_AUTH=1`, a query has the rights of the role that starts it: in Glue, and on the objects of S3."""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator, router
from ministack.core.responses import get_account_id
from ministack.services import athena, iam

from localaws.athena_api.callers import caller
from localaws.hooks import wrap
from localaws.settings import load


def install() -> None:
    """Remember who asks, for the threads that run queries. Raises AttributeError when MiniStack lacks the function."""
    if not load().auth:
        return

    @wrap(athena, "handle_request")
    async def _(original: Any, *request: Any, **more: Any) -> Any:
        _method, _path, headers, _body, query = request
        token = caller.set(_role_of(router.extract_access_key_id(headers, query)))
        try:
            return await original(*request, **more)
        finally:
            caller.reset(token)


def _role_of(key: str | None) -> str:
    credential: Any = iam_evaluator.resolve_credential(key, get_account_id()) if key else None
    if getattr(credential, "principal_type", "") != "AssumedRole":
        return ""
    name = str(iam_evaluator._role_name_from_assumed_arn(credential.principal_arn))
    return str((iam._roles.get(name) or {}).get("Arn", ""))
