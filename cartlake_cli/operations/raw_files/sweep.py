"""Has the sweeper compare the raw bucket with the ledger, and put right what was forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cartlake_cli.functions import call

if TYPE_CHECKING:
    from cartlake_cli.context import Lake


def sweep(lake: Lake, *, dry_run: bool = False, grace_seconds: int | None = None) -> dict[str, Any]:
    """Return what the sweeper found: its answer, as `lambdas.lake_sweeper.handler` describes it.

    A dry run of a large bucket is done by several invocations, whose answers are added up; otherwise `rest` is where
    the sweeper goes on by itself. Raises CommandError when it fails.
    """
    request = {"dry_run": dry_run} | ({} if grace_seconds is None else {"grace_seconds": grace_seconds})
    answer = _invoke(lake, request)
    while dry_run and (rest := answer["files"]["rest"]):
        answer = _added(answer, _invoke(lake, request | {"after": rest}))
    return answer


def _invoke(lake: Lake, request: dict[str, Any]) -> dict[str, Any]:
    return call(lake, "lake_sweeper", request, failed="The sweep failed", patient=True)


def _added(answer: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with the files of the invocation that went on."""
    files = {name: value + more["files"][name] for name, value in answer["files"].items() if name != "rest"}
    return answer | {"files": files | {"rest": more["files"]["rest"]}, "found": answer["found"] + more["found"]}
