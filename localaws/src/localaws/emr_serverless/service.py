"""The API of EMR Serverless, in the form of a service of MiniStack: `handle_request`, and the state it saves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ministack.core.responses import error_response_json, json_response

from localaws.emr_serverless import applications, state
from localaws.emr_serverless.errors import EmrServerlessError, InvalidError, MissingError
from localaws.emr_serverless.state import APPLICATIONS, JOB_RUNS, TOKENS, Record, changed
from localaws.paging import InvalidTokenError, page
from localaws.strict.requests import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.emr_serverless.job_runs import JobRuns
    from localaws.strict.services import Call

# By MiniStack's convention the member `_applications` of the state is the attribute of that name.
_applications, _job_runs, _tokens = APPLICATIONS, JOB_RUNS, TOKENS

JSON: Final = "application/json"
LARGEST_PAGE: Final = 50
SUMMARY_OF_APPLICATION: Final = (
    *("name", "arn", "releaseLabel", "type", "state", "stateDetails", "createdAt", "updatedAt", "architecture"),
)
SUMMARY_OF_RUN: Final = (
    *("applicationId", "name", "mode", "arn", "createdBy", "createdAt", "updatedAt", "executionRole", "state"),
    *("stateDetails", "releaseLabel", "attempt"),
)

Operation = Callable[["Mapping[str, Any]"], Record]
Response = tuple[int, dict[str, str], bytes]


class Service:
    """Answers requests. `read` finds the operation and members of one, by the service model."""

    def __init__(self, runs: JobRuns, read: Callable[[Request], Call | None]) -> None:
        self._runs = runs
        self._read = read
        self._operations: dict[str, Operation] = {
            "CreateApplication": applications.create,
            "UpdateApplication": applications.update,
            "GetApplication": lambda given: {"application": state.application(given["applicationId"])},
            "ListApplications": _list_applications,
            "StartApplication": _of_application(applications.start),
            "StopApplication": _of_application(applications.stop),
            "DeleteApplication": _of_application(applications.delete),
            "StartJobRun": runs.start,
            "GetJobRun": lambda given: {"jobRun": state.job_run(given["applicationId"], given["jobRunId"])},
            "ListJobRuns": _list_job_runs,
            "CancelJobRun": self._cancel,
            "ListTagsForResource": lambda given: {"tags": _tagged(given["resourceArn"])[2]},
            "TagResource": _tag,
            "UntagResource": _untag,
        }

    def answer(self, request: Request) -> Response:
        """Return status, headers and body of the response to a request."""
        call = self._read(request)
        operation = self._operations.get(call.operation) if call else None
        if call is None or operation is None:
            name = call.operation if call else request.path
            return _refused(InvalidError(f"{name} is not supported by the local EMR Serverless"))
        given = {name: value for name, value in call.members.items() if value is not None}
        try:
            answer: Response = json_response(operation(given), content_type=JSON)
        except EmrServerlessError as refused:
            return _refused(refused)
        return answer

    def _cancel(self, given: Mapping[str, Any]) -> Record:
        self._runs.cancel(given["applicationId"], given["jobRunId"])
        return {"applicationId": given["applicationId"], "jobRunId": given["jobRunId"]}


def _refused(error: EmrServerlessError) -> Response:
    answer: Response = error_response_json(error.code, str(error), error.status, content_type=JSON)
    return answer


_service: list[Service] = []


def serve(service: Service) -> None:
    """Have `handle_request` answer with this service."""
    _service[:] = [service]


async def handle_request(
    method: str, path: str, headers: Mapping[str, str], body: bytes | str, query: Mapping[str, Any]
) -> Response:
    """Answer a request, as MiniStack calls its services."""
    sent = body.encode() if isinstance(body, str) else body or b""
    return _service[0].answer(Request(method, path, headers, sent, query or {}))


def get_state() -> dict[str, Any]:
    """Return what MiniStack saves."""
    return state.get_state()


def load_persisted_state(data: Mapping[str, Any]) -> None:
    """Take back what MiniStack saved."""
    state.restore(data)


def _of_application(change: Callable[[str], None]) -> Operation:
    @functools.wraps(change)
    def operation(given: Mapping[str, Any]) -> Record:
        change(given["applicationId"])
        return {}

    return operation


def _list_applications(given: Mapping[str, Any]) -> Record:
    chosen = [one for one in APPLICATIONS.values() if not given.get("states") or one["state"] in given["states"]]
    found, more = _page(chosen, given)
    summaries = [{"id": one["applicationId"], **_part(one, SUMMARY_OF_APPLICATION)} for one in found]
    return {"applications": summaries, **more}


def _list_job_runs(given: Mapping[str, Any]) -> Record:
    state.application(given["applicationId"])
    chosen = [run for run in JOB_RUNS.values() if _is_asked_for(run, given)]
    found, more = _page(chosen, given)
    return {
        "jobRuns": [{"id": run["jobRunId"], "type": "Spark", **_part(run, SUMMARY_OF_RUN)} for run in found],
        **more,
    }


def _is_asked_for(run: Record, given: Mapping[str, Any]) -> bool:
    return (
        run["applicationId"] == given["applicationId"]
        and (not given.get("states") or run["state"] in given["states"])
        and _seconds(given.get("createdAtAfter"), 0.0) <= run["createdAt"]
        and run["createdAt"] <= _seconds(given.get("createdAtBefore"), float("inf"))
        and given.get("mode") in (None, run["mode"])
    )


def _seconds(text: Any, default: float) -> float:
    return datetime.fromisoformat(str(text)).timestamp() if text else default


def _part(record: Record, names: tuple[str, ...]) -> Record:
    return {name: record[name] for name in names if name in record}


def _page(records: list[Record], given: Mapping[str, Any]) -> tuple[list[Record], dict[str, str]]:
    """Return a page of records, the newest first, and the token of the next one."""
    newest_first = sorted(records, key=lambda record: record["createdAt"], reverse=True)
    request = {"NextToken": given.get("nextToken"), "MaxResults": given.get("maxResults")}
    try:
        found, more = page(newest_first, request, LARGEST_PAGE)
    except InvalidTokenError as refused:
        raise InvalidError(str(refused)) from refused
    return found, {"nextToken": more["NextToken"]} if more else {}


def _tagged(arn: str) -> tuple[Any, str, dict[str, str]]:
    """Return the store, key and tags of an application or job run by its ARN. Raises MissingError."""
    key = arn.rpartition("/")[2]
    store = JOB_RUNS if "/jobruns/" in arn else APPLICATIONS
    record = store.get(key)
    if record is None:
        raise MissingError(f"Resource {arn} does not exist")
    return store, key, record.get("tags") or {}


def _tag(given: Mapping[str, Any]) -> Record:
    store, key, tags = _tagged(given["resourceArn"])
    changed(store, key, tags={**tags, **given["tags"]})
    return {}


def _untag(given: Mapping[str, Any]) -> Record:
    store, key, tags = _tagged(given["resourceArn"])
    changed(store, key, tags={name: value for name, value in tags.items() if name not in given["tagKeys"]})
    return {}
