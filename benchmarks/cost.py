"""What one dropped small file costs on AWS with the refresh it starts, and one file a minute for a day.

Every billed item is counted in the embedded AWS, and priced by the price table of `lake cost`: while the deployed lake
loads one file after another, and while it gets one a minute for some minutes, with the refresh window that it has on
AWS. Milliseconds of functions are this machine's: its processor is not Lambda's, and S3 answers from memory.
"""

import os
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks import billing
from benchmarks.world import new_lake
from cartlake.aws.clients import client
from cartlake_cli.commands.local import emulator
from cartlake_cli.context import Lake
from cartlake_cli.functions import ALIAS
from generators.transactions import generate_transactions
from localaws.paths import Paths

ROWS: Final = 200
DROPS: Final = int(os.environ.get("CARTLAKE_BENCH_DROPS", "6"))
WARM_UP: Final = 2
MINUTES: Final = int(os.environ.get("CARTLAKE_BENCH_MINUTES", "6"))
REFRESH_WINDOW: Final = 120
"""Seconds, the default of Terraform."""
MINUTES_A_DAY: Final = 1440
MOST_USD, MOST_USD_A_DAY = 0.002, 1.50
SHOWN: Final = 8
QUIET_SECONDS: Final = 8.0
SECONDS_A_MINUTE: Final = 60
GIVE_UP_SECONDS: Final = 180.0


def measure() -> list[dict[str, Any]]:
    """Drop one new file at a time into a lake of its own, and price what that took."""
    os.environ["LOCALAWS_REQUEST_LOG"] = "true"
    with TemporaryDirectory() as folder, new_lake(Path(folder) / "checkout") as lake:
        os.environ.update(lake.local_variables())
        client.cache_clear()
        log = Paths(emulator.settings_of(lake.root).home).request_log
        drops = [_drop(lake, log, Path(folder) / str(number), number) for number in range(WARM_UP + DROPS)]
        minutes = _trickle(lake, log, Path(folder))
    return _measures(drops[WARM_UP:], minutes, billing.prices())


def _measures(
    drops: Sequence[Sequence[billing.Entry]], minutes: Sequence[billing.Entry], price: billing.Prices
) -> list[dict[str, Any]]:
    bills = [billing.bill(drop, price) for drop in drops]
    alone = [sum(one.values()) + billing.kms_usd(drop, price, 1) for one, drop in zip(bills, drops, strict=True)]
    a_minute = sum(billing.bill(minutes, price).values()) / MINUTES
    keys = billing.kms_usd(minutes, price, billing.KMS_MINUTES) / billing.KMS_MINUTES
    a_day = MINUTES_A_DAY * (a_minute + keys) + billing.idle_usd_a_day(price)
    runs = {machine: _number_ended(minutes, machine) / MINUTES for machine in ("ingest", "refresh")}
    transitions = [sum(entry["kind"] == "transition" for entry in drop) for drop in drops]
    requests = [sum(entry["kind"] == "request" for entry in drop) for drop in drops]
    return [
        _measure("cost_per_small_drop_usd", median(alone), "USD", MOST_USD)
        | {"runs": [round(usd, 6) for usd in alone]},
        _measure("cost_one_file_a_minute_usd_a_day", a_day, "USD", MOST_USD_A_DAY),
        *(_measure(f"cost_one_file_a_minute_{machine}_runs", number, "runs") for machine, number in runs.items()),
        _measure("cost_idle_usd_a_day", billing.idle_usd_a_day(price), "USD"),
        _measure("cost_state_transitions_a_drop", median(transitions), "transitions"),
        _measure("cost_requests_a_drop", median(requests), "requests"),
        *(_measure(f"cost_of_{item.replace(' ', '_')}_usd", usd, "USD") for item, usd in _of_items(bills)),
    ]


def _of_items(bills: Sequence[Mapping[str, float]]) -> list[tuple[str, float]]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for one in bills:
        for item, usd in one.items():
            found[item].append(usd)
    mean = {item: sum(usd) / len(bills) for item, usd in found.items()}
    return sorted(mean.items(), key=lambda item: -item[1])[:SHOWN]


def _drop(lake: Lake, log: Path, folder: Path, number: int) -> list[dict[str, Any]]:
    """Drop a file and return what was logged until the lake was quiet again. It asks the lake nothing meanwhile."""
    offset = log.stat().st_size
    key = _put_file(lake, folder, number)
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.5)
        entries = billing.read_log(log, offset)
        if _ended(entries, "refresh") and time.time() - entries[-1]["at"] >= QUIET_SECONDS:
            return entries
    raise TimeoutError(f"{key} was not loaded and refreshed within {GIVE_UP_SECONDS:g} s; `lake runs` says why.")


def _trickle(lake: Lake, log: Path, folder: Path) -> list[dict[str, Any]]:
    """Drop a file each minute, with a refresh window, and return what was logged in as many minutes.

    The first file is not counted: its refresh starts at once, and those after it once in each window.
    """
    _set_window(lake)
    _put_file(lake, folder / "first", 0)
    time.sleep(SECONDS_A_MINUTE)
    offset, begun = log.stat().st_size, time.monotonic()
    for number in range(MINUTES):
        _put_file(lake, folder / f"minute-{number}", number)
        time.sleep(max(0.0, begun + (number + 1) * SECONDS_A_MINUTE - time.monotonic()))
    return billing.read_log(log, offset)


def _set_window(lake: Lake) -> None:
    functions, name = client("lambda"), lake.outputs.functions["run_coordinator"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables["REFRESH_WINDOW_SECONDS"] = str(REFRESH_WINDOW)
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    version = functions.publish_version(FunctionName=name)["Version"]
    functions.update_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)


def _put_file(lake: Lake, folder: Path, number: int) -> str:
    """Put a new file of order lines under the incoming prefix, and return its key."""
    generate_transactions(folder, rows=ROWS, days=1, seed=time.time_ns() % 2**31 + number, dirty=0.0)
    [path] = folder.glob("*.csv")
    key = f"incoming/transactions/cost-{time.time_ns()}.csv"
    client("s3").put_object(Bucket=lake.outputs.buckets["raw"], Key=key, Body=path.read_bytes())
    return key


def _ended(entries: Sequence[billing.Entry], machine: str) -> bool:
    """Whether an execution of the machine has ended by itself."""
    return _number_ended(entries, machine) > 0


def _number_ended(entries: Sequence[billing.Entry], machine: str) -> int:
    return sum(
        entry["kind"] == "history" and entry["event"] == "ExecutionSucceeded" and entry["machine"].endswith(machine)
        for entry in entries
    )


def _measure(name: str, value: float, unit: str, aim: float | None = None) -> dict[str, Any]:
    return {"name": name, "value": round(value, 6), "unit": unit, "aim": aim, "runs": [round(value, 6)]}
