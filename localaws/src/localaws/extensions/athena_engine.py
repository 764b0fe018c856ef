"""Athena's API on the engine of `localaws.athena`: replaces MiniStack's functions that run and answer queries."""

from __future__ import annotations

import contextvars
import functools
import json
import logging
import os
import re
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, new_uuid
from ministack.services import athena, eventbridge, glue, s3

from localaws.athena import results
from localaws.athena.ddl.text import split_top
from localaws.athena.errors import AthenaError, MalformedQueryError, QueryCancelledError
from localaws.athena.sql import parsing
from localaws.athena.statements import Outcome, Running, Statement

if TYPE_CHECKING:
    from localaws.athena.engine import Engine

logger = logging.getLogger("localaws.athena")

_WORKERS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="athena")
_running: dict[str, Running] = {}
_submitted: set[str] = set()  # to this process; anything else that is RUNNING ended with an earlier process
_pages: OrderedDict[str, list[list[str | None]]] = OrderedDict()
_PAGES_KEPT = 4
_PAGE_ROWS = 1000
_REUSE_MINUTES = 60  # Athena's default age of a result that may be used again
_DEFAULT_ACCOUNT = "000000000000"
_EXECUTE = re.compile(r"EXECUTE\s+(\w+)(?:\s+USING\s+(.*))?", re.IGNORECASE | re.DOTALL)
_PREPARE = re.compile(r"PREPARE\s+(\w+)\s+FROM\s+(.*)", re.IGNORECASE | re.DOTALL)
_DEALLOCATE = re.compile(r"DEALLOCATE\s+PREPARE\s+(\w+)", re.IGNORECASE)


def install() -> None:
    """Replace the functions. Everything else of Athena's API (workgroups, named queries, …) stays MiniStack's."""
    athena._start_query_execution = start_query_execution
    athena._get_query_execution = get_query_execution
    athena._get_query_results = get_query_results
    athena._stop_query_execution = stop_query_execution
    athena._get_table_metadata = get_table_metadata
    athena._get_workgroup = get_workgroup


@functools.cache
def engine_of(account: str, region: str) -> Engine:
    """The engine of one account and region, opened with the first query."""
    # Imported at the first query: half a second and tens of megabytes that a server without queries need not spend.
    from localaws.athena.clients import Endpoint  # noqa: PLC0415
    from localaws.athena.engine import Engine  # noqa: PLC0415
    from localaws.own_server import OwnServer  # noqa: PLC0415

    scheme = "https" if os.environ.get("USE_SSL") == "1" else "http"
    key = "test" if account == _DEFAULT_ACCOUNT else account
    url = f"{scheme}://127.0.0.1:{os.environ.get('GATEWAY_PORT', '4566')}"
    return Engine(OwnServer(Endpoint(url, region, access_key=key)), external_table=_create_external_table)


def start_query_execution(data: dict[str, Any]) -> Any:
    """StartQueryExecution: refuse what is not SQL, else queue it."""
    name = data.get("WorkGroup") or "primary"
    workgroup = athena._workgroups.get(name)
    if workgroup is None:
        return _invalid(f"WorkGroup {name} is not found.")
    if workgroup.get("State", "ENABLED") != "ENABLED":
        return _invalid(f"WorkGroup {name} is disabled.")
    configuration = _configuration(workgroup)
    result = _result_configuration(data, configuration)
    if not result.get("OutputLocation"):
        return _invalid(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input."
        )
    bucket = result["OutputLocation"].removeprefix("s3://").partition("/")[0]
    if s3._buckets.get(bucket) is None:
        return _invalid(f"Unable to verify/create output bucket {bucket}")
    try:
        sql = _checked(data.get("QueryString") or "")
    except MalformedQueryError as error:
        return _invalid(error.message, code="MALFORMED_QUERY")
    query_id = new_uuid()
    execution = _execution(query_id, data, name, result)
    limit = configuration.get("BytesScannedCutoffPerQuery")
    athena._executions[query_id] = execution
    _submitted.add(query_id)
    if (earlier := _reusable(data, execution)) is not None:
        _reuse(execution, earlier)
    else:
        owner = get_account_id(), get_region()
        # A thread, not a task: Step Functions calls this on an event loop that ends with the call.
        context = contextvars.copy_context()
        _WORKERS.submit(context.run, _run, owner, execution, sql, limit)
    return json_response({"QueryExecutionId": query_id})


def _reusable(data: dict[str, Any], execution: dict[str, Any]) -> dict[str, Any] | None:
    """The newest execution whose result this query may take, if it asked for that: same text, same place, young enough.

    https://docs.aws.amazon.com/athena/latest/ug/reusing-query-results.html
    """
    by_age = (data.get("ResultReuseConfiguration") or {}).get("ResultReuseByAgeConfiguration") or {}
    if not by_age.get("Enabled") or execution["StatementType"] != "DML":
        return None
    oldest = time.time() - 60 * int(by_age.get("MaxAgeInMinutes") or _REUSE_MINUTES)
    same = ("Query", "QueryExecutionContext", "WorkGroup", "_base")
    found = [
        other
        for other in athena._executions.values()
        if other["Status"]["State"] == "SUCCEEDED"
        and other["Status"].get("CompletionDateTime", 0) >= oldest
        and all(other.get(key) == execution.get(key) for key in same)
        and other.get("ExecutionParameters") == execution.get("ExecutionParameters")
        and other.get("_columns")
        and _result_bytes(other) is not None
    ]
    return max(found, key=lambda other: other["Status"]["CompletionDateTime"], default=None)


def _reuse(execution: dict[str, Any], earlier: dict[str, Any]) -> None:
    execution["ResultConfiguration"] = dict(earlier["ResultConfiguration"])
    execution["_columns"] = earlier["_columns"]
    execution["_row_count"] = earlier.get("_row_count")
    _statistics(execution, time.monotonic(), 0)
    execution["Statistics"]["ResultReuseInformation"] = {"ReusedPreviousResult": True}
    _end(execution, "SUCCEEDED")


def stop_query_execution(data: dict[str, Any]) -> Any:
    """StopQueryExecution: interrupt the query if it still runs."""
    execution = athena._executions.get(data.get("QueryExecutionId"))
    if execution is None:
        return _invalid(f"QueryExecution {data.get('QueryExecutionId')} was not found")
    running = _running.get(execution["QueryExecutionId"])
    if running is not None:
        running.cancel()
    if execution["Status"]["State"] in {"QUEUED", "RUNNING"}:
        _end(execution, "CANCELLED", "Query was cancelled by user")
    return json_response({})


def get_query_execution(data: dict[str, Any]) -> Any:
    """GetQueryExecution: a query that an earlier process never ended has failed."""
    execution = athena._executions.get(data.get("QueryExecutionId"))
    if execution is None:
        return _invalid(f"QueryExecution {data.get('QueryExecutionId')} was not found")
    if execution["Status"]["State"] in {"QUEUED", "RUNNING"} and execution["QueryExecutionId"] not in _submitted:
        _end(execution, "FAILED", "GENERIC_INTERNAL_ERROR: The embedded AWS was stopped while the query ran")
    return json_response({"QueryExecution": athena._execution_out(execution)})


def get_query_results(data: dict[str, Any]) -> Any:
    """GetQueryResults: pages of the result object, as on AWS, so that it works as long as the object is there."""
    execution = athena._executions.get(data.get("QueryExecutionId"))
    if execution is None:
        return _invalid(f"QueryExecution {data.get('QueryExecutionId')} was not found")
    state = execution["Status"]["State"]
    if state != "SUCCEEDED":
        reason = execution["Status"].get("StateChangeReason") or ""
        return _invalid(f"Query did not finish successfully. Final query state: {state} {reason}".strip())
    size = int(data.get("MaxResults") or _PAGE_ROWS)
    if not 1 <= size <= _PAGE_ROWS:
        return _invalid("MaxResults is more than maximum allowed length 1000.")
    token = data.get("NextToken") or "0"
    if not token.isdigit():
        return _invalid("Invalid NextToken")
    lines, start = _lines(execution), int(token)
    response: dict[str, Any] = {
        "ResultSet": {
            "Rows": [{"Data": [_datum(cell) for cell in line]} for line in lines[start : start + size]],
            "ResultSetMetadata": {"ColumnInfo": execution["_columns"]},
        },
        "UpdateCount": execution.get("_row_count") or 0,
    }
    if start + size < len(lines):
        response["NextToken"] = str(start + size)
    return json_response(response)


def get_table_metadata(data: dict[str, Any]) -> Any:
    """GetTableMetadata: MiniStack answers for tables that do not exist; AWS does not."""
    table = glue._tables.get(f"{data.get('DatabaseName')}/{data.get('TableName')}")
    if table is None:
        return error_response_json("MetadataException", "EntityNotFoundException: Entity Not Found", 400)
    return json_response({"TableMetadata": athena._glue_table_to_metadata(table)})


def get_workgroup(data: dict[str, Any]) -> Any:
    """GetWorkGroup with the settings that AWS fills in; awswrangler reads them."""
    workgroup = athena._workgroups.get(data.get("WorkGroup"))
    if workgroup is None:
        return _invalid(f"WorkGroup {data.get('WorkGroup')} is not found.")
    return json_response({"WorkGroup": {**workgroup, "Configuration": _configuration(workgroup)}})


def _configuration(workgroup: dict[str, Any]) -> dict[str, Any]:
    own = workgroup.get("Configuration") or {}
    selected = (own.get("EngineVersion") or {}).get("SelectedEngineVersion", "AUTO")
    return {
        "ResultConfiguration": {},
        "EnforceWorkGroupConfiguration": workgroup["Name"] != "primary",
        "PublishCloudWatchMetricsEnabled": True,
        "RequesterPaysEnabled": False,
        **own,
        "EngineVersion": {"SelectedEngineVersion": selected, "EffectiveEngineVersion": "Athena engine version 3"},
    }


def _invalid(message: str, code: str = "INVALID_INPUT") -> Any:

    return error_response_json("InvalidRequestException", message, 400, extra={"AthenaErrorCode": code})


def _result_configuration(data: dict[str, Any], configuration: dict[str, Any]) -> dict[str, Any]:
    """The workgroup's result settings, where it enforces them or the client has none."""
    own = data.get("ResultConfiguration") or {}
    group = configuration.get("ResultConfiguration") or {}
    if configuration["EnforceWorkGroupConfiguration"] and group.get("OutputLocation"):
        return dict(group)
    return {**group, **own}


def _checked(sql: str) -> str:
    """The bare statement. Raises MalformedQueryError for text that no statement looks like."""
    text = parsing.bare(sql)
    if not text:
        raise MalformedQueryError("line 1:1: mismatched input '<EOF>'. Expecting: a statement")
    if parsing.first_word(text) in {"SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE"}:
        parsing.parse(text)
    return text


def _execution(query_id: str, data: dict[str, Any], workgroup: str, result: dict[str, Any]) -> dict[str, Any]:
    sql, kind = data.get("QueryString") or "", parsing.statement_type(data.get("QueryString") or "")
    base = result["OutputLocation"].rstrip("/")
    suffix = ".csv" if kind == "DML" else ".txt"
    context = data.get("QueryExecutionContext") or {}
    parameters = data.get("ExecutionParameters")
    return {
        "QueryExecutionId": query_id,
        "Query": sql,
        "StatementType": kind,
        "ResultConfiguration": {**result, "OutputLocation": f"{base}/{query_id}{suffix}"},
        "QueryExecutionContext": {
            "Database": (context.get("Database") or "default").lower(),
            "Catalog": (context.get("Catalog") or "AwsDataCatalog").lower(),
        },
        **({"ExecutionParameters": parameters} if parameters else {}),
        "Status": {"State": "QUEUED", "SubmissionDateTime": time.time()},
        "Statistics": {"QueryQueueTimeInMillis": 0},
        "WorkGroup": workgroup,
        "EngineVersion": {
            "SelectedEngineVersion": "AUTO",
            "EffectiveEngineVersion": "Athena engine version 3",
        },
        "_columns": [],
        "_base": base,
    }


def _run(owner: tuple[str, str], execution: dict[str, Any], sql: str, limit: int | None) -> None:
    running, started = Running(), time.monotonic()
    _running[execution["QueryExecutionId"]] = running
    if execution["Status"]["State"] == "QUEUED":
        execution["Status"]["State"] = "RUNNING"
    try:
        engine = engine_of(*owner)
        outcome = _outcome(engine, execution, sql, limit, running)
        _store(engine, execution, outcome)
        _statistics(execution, started, outcome.scanned_bytes)
        if not running.cancelled:
            _end(execution, "SUCCEEDED")
    except QueryCancelledError:
        _end(execution, "CANCELLED", "Query was cancelled by user")
    except AthenaError as error:
        _fail(execution, started, str(error), error.category)
    except Exception as error:  # the caller polls for a final state: whatever happens, it must get one
        logger.exception("query %s", execution["QueryExecutionId"])
        _fail(execution, started, f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}", 1)
    finally:
        _running.pop(execution["QueryExecutionId"], None)


def _outcome(engine: Engine, execution: dict[str, Any], sql: str, limit: int | None, running: Running) -> Outcome:
    parameters = tuple(execution.get("ExecutionParameters") or ())
    if (matched := _PREPARE.fullmatch(sql)) is not None:
        _prepare(execution["WorkGroup"], matched[1], matched[2])
        return Outcome()
    if (matched := _DEALLOCATE.fullmatch(sql)) is not None:
        _deallocate(execution["WorkGroup"], matched[1])
        return Outcome()
    if (matched := _EXECUTE.fullmatch(sql)) is not None:
        sql, parameters = _prepared(execution["WorkGroup"], matched, parameters)
    statement = Statement(sql, execution["QueryExecutionContext"]["Database"], parameters, execution["_base"], limit)
    return engine.run(statement, running)


def _prepared(workgroup: str, matched: re.Match[str], given: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:

    stored = athena._prepared_statements.get(f"{workgroup}/{matched[1]}")
    if stored is None:
        raise AthenaError("NOT_FOUND", f"Prepared statement not found: {matched[1]}")
    if matched[2]:
        given = tuple(split_top(matched[2]))
    return parsing.bare(stored["QueryStatement"]), given


def _prepare(workgroup: str, name: str, sql: str) -> None:

    athena._prepared_statements.pop(f"{workgroup}/{name}", None)
    athena._create_prepared_statement({"StatementName": name, "WorkGroup": workgroup, "QueryStatement": sql})


def _deallocate(workgroup: str, name: str) -> None:

    if athena._prepared_statements.pop(f"{workgroup}/{name}", None) is None:
        raise AthenaError("NOT_FOUND", f"Prepared statement not found: {name}")


def _store(engine: Engine, execution: dict[str, Any], outcome: Outcome) -> None:
    result = execution["ResultConfiguration"]
    if outcome.files:
        manifest = f"{execution['_base']}/tables/{execution['QueryExecutionId']}-manifest.csv"
        engine.clients.write(manifest, "".join(f"{file}\n" for file in outcome.files).encode())
        execution["Statistics"]["DataManifestLocation"] = manifest
    if outcome.row_count is None:
        engine.clients.write(result["OutputLocation"], outcome.body, result.get("EncryptionConfiguration"))
    execution["_columns"] = results.column_info(outcome.columns) if outcome.row_count is None else []
    execution["_row_count"] = outcome.row_count


def _statistics(execution: dict[str, Any], started: float, scanned: int) -> None:
    elapsed = int((time.monotonic() - started) * 1000)
    execution["Statistics"].update(
        ResultReuseInformation={"ReusedPreviousResult": False},
        EngineExecutionTimeInMillis=elapsed,
        TotalExecutionTimeInMillis=elapsed,
        DataScannedInBytes=scanned,
        QueryPlanningTimeInMillis=0,
        ServiceProcessingTimeInMillis=0,
    )


def _end(execution: dict[str, Any], state: str, reason: str = "") -> None:
    status = execution["Status"]
    status["CompletionDateTime"] = time.time()
    if reason:
        status["StateChangeReason"] = reason
    previous, status["State"] = status["State"], state
    _emit_event(execution, previous)


def _emit_event(execution: dict[str, Any], previous: str) -> None:
    """The event that Athena emits when a query ends."""
    detail = {
        "versionId": "0",
        "currentState": execution["Status"]["State"],
        "previousState": previous,
        "queryExecutionId": execution["QueryExecutionId"],
        "statementType": execution["StatementType"],
        "workgroupName": execution["WorkGroup"],
        "sequenceNumber": "3",
    }
    entry = {"Source": "aws.athena", "DetailType": "Athena Query State Change", "Detail": json.dumps(detail)}
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def _fail(execution: dict[str, Any], started: float, reason: str, category: int) -> None:
    _statistics(execution, started, 0)
    execution["Status"]["AthenaError"] = {
        "ErrorCategory": category,
        "ErrorType": 1000 if category == 1 else 1001,
        "Retryable": False,
        "ErrorMessage": reason,
    }
    _end(execution, "FAILED", reason)


def _lines(execution: dict[str, Any]) -> list[list[str | None]]:
    """All rows of a result; the first row of a query's is its header."""
    query_id = execution["QueryExecutionId"]
    if query_id in _pages:
        _pages.move_to_end(query_id)
        return _pages[query_id]

    if not execution["_columns"]:
        return []
    body = (_result_bytes(execution) or b"").decode()
    lines: list[list[str | None]]
    if execution["StatementType"] == "DML":
        lines = list(results.read_csv(body))
    else:
        lines = [list(line.split("\t")) for line in body.split("\n")] if body else []
    _pages[query_id] = lines
    while len(_pages) > _PAGES_KEPT:
        _pages.popitem(last=False)
    return lines


def _result_bytes(execution: dict[str, Any]) -> bytes | None:
    bucket, _, key = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
    # In process: a request from the event loop to this server would wait for itself.
    found: bytes | None = s3._get_object_data(bucket, key)
    return found


def _datum(cell: str | None) -> dict[str, str]:
    return {} if cell is None else {"VarCharValue": cell}


def _create_external_table(sql: str, database: str) -> None:
    """CREATE EXTERNAL TABLE, by MiniStack's own parser of Hive DDL."""
    ddl = athena._parse_ddl(sql)
    if ddl is None:
        raise MalformedQueryError("line 1:8: mismatched input 'EXTERNAL'")
    try:
        athena._run_ddl(ddl, database)
    except ValueError as error:
        raise AthenaError("FAILED", str(error)) from error
