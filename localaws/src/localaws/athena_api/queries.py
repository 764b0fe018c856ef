"""StartQueryExecution, StopQueryExecution and GetQueryExecution: queries run on threads of this process."""

from __future__ import annotations

import contextvars
import functools
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id, get_region, json_response, new_uuid
from ministack.services import athena, s3

from localaws.athena.ddl import hive_text
from localaws.athena.errors import SYSTEM_ERROR_CATEGORY, AthenaError, MalformedQueryError, QueryCancelledError
from localaws.athena.sql.parser import parsing
from localaws.athena.statements import Outcome, Running, Statement
from localaws.athena_api import executions
from localaws.athena_api.errors import execution_not_found, invalid_request
from localaws.athena_api.idempotency import once
from localaws.athena_api.prepared_statements import prepare_or_deallocate, resolve_execute
from localaws.athena_api.result_objects import metadata
from localaws.athena_api.workgroups import configuration_of, result_configuration

if TYPE_CHECKING:
    from localaws.athena.engine import Engine

# ruff: noqa: SLF001 -- MiniStack has no other interface

logger = logging.getLogger("localaws.athena")

CANCELLED_BY_USER = "Query was cancelled by user"
_DEFAULT_ACCOUNT = "000000000000"
_PARSED_AT_START = frozenset({"SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE"})
_WORKERS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="athena")
_running: dict[str, Running] = {}
# Queries of this process that have not ended: any other that is RUNNING was cut off when an earlier process ended.
_submitted: set[str] = set()


@functools.cache
def engine_of(account: str, region: str) -> Engine:
    """Return the engine of one account and region, opened with the first query."""
    # Imported at the first query: half a second and tens of megabytes that a server without queries need not spend.
    from localaws.athena.clients import Endpoint  # noqa: PLC0415
    from localaws.athena.engine import Engine  # noqa: PLC0415
    from localaws.athena_api.in_process import InProcessClients  # noqa: PLC0415

    scheme = "https" if os.environ.get("USE_SSL") == "1" else "http"
    key = "test" if account == _DEFAULT_ACCOUNT else account
    url = f"{scheme}://127.0.0.1:{os.environ.get('GATEWAY_PORT', '4566')}"
    return Engine(InProcessClients(Endpoint(url, region, access_key=key)), external_table=_create_external_table)


def start_query_execution(data: dict[str, Any]) -> Any:
    """Answer StartQueryExecution, once for each ClientRequestToken."""
    return once(athena._executions, data, lambda: _start(data), _started)


def _started(execution: dict[str, Any]) -> Any:
    return json_response({"QueryExecutionId": execution["QueryExecutionId"]})


def _start(data: dict[str, Any]) -> Any:
    """Refuse a request that is invalid or not SQL, else queue the query."""
    name = data.get("WorkGroup") or "primary"
    workgroup = athena._workgroups.get(name)
    if workgroup is None:
        return invalid_request(f"WorkGroup {name} is not found.")
    if workgroup.get("State", "ENABLED") != "ENABLED":
        return invalid_request(f"WorkGroup {name} is disabled.")
    configuration = configuration_of(workgroup)
    result = result_configuration(data, configuration)
    if not result.get("OutputLocation"):
        return invalid_request(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input."
        )
    bucket = result["OutputLocation"].removeprefix("s3://").partition("/")[0]
    if s3._buckets.get(bucket) is None:
        return invalid_request(f"Unable to verify/create output bucket {bucket}")
    try:
        sql = _checked(data.get("QueryString") or "")
    except MalformedQueryError as error:
        return invalid_request(error.message, code="MALFORMED_QUERY")
    execution = executions.new_execution(new_uuid(), data, name, result)
    _submit(data, execution, sql, configuration.get("BytesScannedCutoffPerQuery"))
    return _started(execution)


def stop_query_execution(data: dict[str, Any]) -> Any:
    """Answer StopQueryExecution: interrupt the query if it runs, and never start it if it is queued."""
    execution = athena._executions.get(data.get("QueryExecutionId"))
    if execution is None:
        return execution_not_found(data.get("QueryExecutionId"))
    executions.end(execution, "CANCELLED", CANCELLED_BY_USER)
    running = _running.get(execution["QueryExecutionId"])
    if running is not None:
        running.cancel()
    return json_response({})


def get_query_execution(data: dict[str, Any]) -> Any:
    """Answer GetQueryExecution. A query that was running when an earlier process ended has failed."""
    execution = athena._executions.get(data.get("QueryExecutionId"))
    if execution is None:
        return execution_not_found(data.get("QueryExecutionId"))
    if execution["QueryExecutionId"] not in _submitted:
        reason = "GENERIC_INTERNAL_ERROR: The embedded AWS was stopped while the query ran"
        executions.end(execution, "FAILED", reason)  # one that has ended keeps its state
    return json_response({"QueryExecution": athena._execution_out(execution)})


def get_query_runtime_statistics(data: dict[str, Any]) -> Any:
    """Answer GetQueryRuntimeStatistics: the times, and what is known of the rows and bytes."""
    execution = athena._executions.get(data.get("QueryExecutionId"))
    if execution is None:
        return execution_not_found(data.get("QueryExecutionId"))
    statistics = execution["Statistics"]
    timeline = {name: value for name, value in statistics.items() if name.endswith("TimeInMillis")}
    rows = {"InputBytes": statistics.get("DataScannedInBytes", 0), "OutputRows": execution.get("_row_count") or 0}
    return json_response({"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}})


def _checked(sql: str) -> str:
    """Return the bare statement. Raises MalformedQueryError for text that is not a statement."""
    text = parsing.bare(sql)
    if not text:
        raise MalformedQueryError("line 1:1: mismatched input '<EOF>'. Expecting: a statement")
    if parsing.first_word(text) in _PARSED_AT_START:
        parsing.parse(text)
    return text


def _submit(data: dict[str, Any], execution: dict[str, Any], sql: str, scan_limit_bytes: int | None) -> None:
    query_id = execution["QueryExecutionId"]
    _submitted.add(query_id)
    athena._executions[query_id] = execution
    if (earlier := executions.reusable(data, execution)) is not None:
        executions.reuse(execution, earlier)
        _submitted.discard(query_id)
        return
    owner = get_account_id(), get_region()
    # A thread, not a task: Step Functions calls this on an event loop that ends with the call.
    context = contextvars.copy_context()
    _WORKERS.submit(context.run, _run, owner, execution, sql, scan_limit_bytes)


def _run(owner: tuple[str, str], execution: dict[str, Any], sql: str, scan_limit_bytes: int | None) -> None:
    query_id, running, started = execution["QueryExecutionId"], Running(), time.monotonic()
    _running[query_id] = running  # before the state changes, so that a stop after it finds what to interrupt
    try:
        if not executions.begin(execution):
            return
        engine = engine_of(*owner)
        outcome = _outcome(engine, execution, sql, scan_limit_bytes, running)
        _store(engine, execution, outcome)
        executions.set_statistics(execution, started, outcome.scanned_bytes, outcome.planning_seconds)
        executions.end(execution, "SUCCEEDED")
    except QueryCancelledError:
        executions.end(execution, "CANCELLED", CANCELLED_BY_USER)
    except AthenaError as error:
        executions.fail(execution, started, str(error), error.category)
    except Exception as error:  # the caller polls for a final state: whatever happens, it must get one
        logger.exception("query %s", query_id)
        reason = f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {error}"
        executions.fail(execution, started, reason, SYSTEM_ERROR_CATEGORY)
    finally:
        _running.pop(query_id, None)
        _submitted.discard(query_id)


def _outcome(
    engine: Engine, execution: dict[str, Any], sql: str, scan_limit_bytes: int | None, running: Running
) -> Outcome:
    workgroup = execution["WorkGroup"]
    if prepare_or_deallocate(workgroup, sql):
        return Outcome()
    given = tuple(parsing.parameter(value) for value in execution.get("ExecutionParameters") or ())
    sql, parameters = resolve_execute(workgroup, sql, given)
    database = executions.database_of(execution)
    return engine.run(Statement(sql, database, parameters, execution["_base"], scan_limit_bytes), running)


def _store(engine: Engine, execution: dict[str, Any], outcome: Outcome) -> None:
    result = execution["ResultConfiguration"]
    location, encryption = result["OutputLocation"], result.get("EncryptionConfiguration")
    if outcome.files is not None:
        folder = execution["_base"] + ("/tables" if "/tables/" in location else "")
        manifest = f"{folder}/{execution['QueryExecutionId']}-manifest.csv"
        engine.clients.write(manifest, "".join(f"{file}\n" for file in outcome.files).encode())
        execution["Statistics"]["DataManifestLocation"] = manifest
    if outcome.row_count is None:
        engine.clients.write(location, outcome.body, encryption)
    executions.set_columns(execution, outcome)
    engine.clients.write(f"{location}.metadata", metadata(execution["_columns"]), encryption)


def _create_external_table(sql: str, database: str) -> None:
    """Run CREATE EXTERNAL TABLE by MiniStack's own parser of Hive DDL."""
    ddl = athena._parse_ddl(hive_text.for_two_part_names(sql))
    if ddl is None:
        raise MalformedQueryError("line 1:8: mismatched input 'EXTERNAL'")
    try:
        athena._run_ddl(ddl, database)
    except ValueError as error:
        raise AthenaError("FAILED", str(error)) from error
