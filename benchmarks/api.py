"""The HTTP API on the embedded AWS: a named query from its start to its first page of rows, and requests a second.

Requests are signed, and go through API Gateway and Lambda of the embedded AWS, on the machine that also runs Athena.
"""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from cartlake_cli.commands.lake.api import address
from cartlake_cli.commands.local.up import bring_up
from cartlake_cli.commands.runs.follow import follow_files
from cartlake_cli.context import Lake
from cartlake_cli.environments import LOCAL
from cartlake_cli.operations.follow import follow_refresh
from cartlake_cli.operations.upload import upload
from cartlake_cli.output import Output
from generators.transactions import generate_transactions

RUNS: Final = 15
SECONDS: Final = 10
CALLERS: Final = 8
QUERY: Final = "/v1/queries/daily_kpis"
SETTLED_SECONDS: Final = 200
"""After a change of its tables, no result of a query is returned again for two minutes."""

AIM_REQUESTS: Final = 50
GIVE_UP_SECONDS: Final = 60

Ask = Callable[..., urllib3.BaseHTTPResponse]


def measure() -> list[dict[str, Any]]:
    """Milliseconds of a named query, run anew and with an earlier result; requests a second that need no query."""
    lake = Lake(LOCAL, Output(as_json=True))
    bring_up(lake)
    _load(lake)
    ask = _signing(lake)
    _query(ask, fresh=True)  # a cold start is no query
    uncached = [_query(ask, fresh=True) for _ in range(RUNS)]
    time.sleep(SETTLED_SECONDS)
    _query(ask, fresh=True)
    cached = [_query(ask, fresh=False) for _ in range(RUNS)]
    return [
        _measure("api_named_query_ms_p50_uncached", "ms", None, uncached),
        _measure("api_named_query_ms_p50_cached", "ms", None, cached),
        _measure("api_requests_per_s", "1/s", AIM_REQUESTS, [_rate(ask) for _ in range(3)]),
    ]


def _load(lake: Lake) -> None:
    with TemporaryDirectory() as folder:
        generate_transactions(Path(folder), rows=2_000, days=3, seed=time.time_ns() % 2**31, dirty=0.0)
        dropped = upload(lake, "transactions", sorted(Path(folder).glob("*.csv")))
    follow_files(lake, "transactions", [file["file_id"] for file in dropped])
    follow_refresh(lake, timeout_seconds=300)


def _signing(lake: Lake) -> Ask:
    """Return a function that sends a signed request to the API of machines."""
    url = address(lake, lake.outputs.apis["machines"])
    variables = lake.local_variables()
    credentials = Credentials(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
    pool = urllib3.PoolManager(maxsize=CALLERS)

    def ask(path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> Any:
        kind = {} if body is None else {"Content-Type": "application/json"}
        sent = AWSRequest(
            "GET" if body is None else "POST",
            f"{url}{path}",
            data=json.dumps(body) if body else None,
            headers=kind | (headers or {}),
        )
        SigV4Auth(credentials, "execute-api", lake.outputs.region).add_auth(sent)
        return pool.request(str(sent.method), str(sent.url), body=sent.data, headers=dict(sent.headers))

    return ask


def _query(ask: Ask, *, fresh: bool) -> float:
    """Start the query and poll it until its first page is there; returns milliseconds."""
    started = time.monotonic()
    place = ask(QUERY, {"parameters": {"first_day": "2026-01-01"}, "fresh": fresh}).headers["Location"]
    while time.monotonic() - started < GIVE_UP_SECONDS:
        found = ask(place).json()
        if found["state"] == "succeeded":
            if found["reused"] is fresh:
                raise RuntimeError(
                    f"The result was {'' if fresh else 'not '}an earlier one; did a table change meanwhile?"
                )
            return (time.monotonic() - started) * 1000
    raise TimeoutError(f"{place} did not succeed within {GIVE_UP_SECONDS} s; `lake logs` says more.")


def _rate(ask: Ask) -> float:
    """Return how many requests with an entity tag are answered in a second to callers that wait for each answer."""
    tag = {"If-None-Match": ask("/v1/queries").headers["ETag"]}
    end, answered = time.monotonic() + SECONDS, count()

    def call(_: int) -> None:
        while time.monotonic() < end:
            status = ask("/v1/queries", headers=tag).status
            if status == 304:  # noqa: PLR2004 - not modified
                next(answered)

    with ThreadPoolExecutor(CALLERS) as callers:
        list(callers.map(call, range(CALLERS)))
    return next(answered) / SECONDS


def _measure(name: str, unit: str, aim: int | None, runs: list[float]) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(median(runs), 1),
        "unit": unit,
        "aim": aim,
        "runs": [round(run, 1) for run in runs],
    }
