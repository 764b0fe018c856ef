"""How long the embedded AWS takes to check a request against the service model: a Glue CreateTable of ten columns."""

import json
import statistics
import time
from typing import Any

import botocore.session

from localaws.strict.requests import Request
from localaws.strict.services import Service

ROUNDS, CALLS = 9, 300
AIM_MS = 0.2


def measure() -> list[dict[str, Any]]:
    """Milliseconds of reading and judging one typical call (aim: under 0.2)."""
    rules = Service(botocore.session.get_session().get_service_model("glue"))
    request = _create_table()
    if (refused := _judge(rules, request)) is not None:  # the first call compiles the model
        raise SystemExit(f"The benchmark's own request was refused: {refused}")
    runs = [_milliseconds(rules, request) for _ in range(ROUNDS)]
    value = round(statistics.median(runs), 4)
    return [{"name": "strict_call_ms", "value": value, "unit": "ms", "aim": AIM_MS, "runs": runs}]


def _milliseconds(rules: Service, request: Request) -> float:
    started = time.perf_counter()
    for _ in range(CALLS):
        _judge(rules, request)
    return round((time.perf_counter() - started) / CALLS * 1000, 4)


def _judge(rules: Service, request: Request) -> Any:
    call = rules.read(request)
    if call is None:
        raise SystemExit("The benchmark's own request names no operation.")
    return rules.refusal(call)


def _create_table() -> Request:
    columns = [{"Name": f"column_{n}", "Type": "string", "Comment": "What it holds, in a sentence."} for n in range(10)]
    body = {"DatabaseName": "shop", "TableInput": {"Name": "orders", "StorageDescriptor": {"Columns": columns}}}
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSGlue.CreateTable"}
    return Request("POST", "/", headers, json.dumps(body).encode(), {})
