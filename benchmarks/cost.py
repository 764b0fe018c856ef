"""What one dropped small file costs on AWS with the refresh it starts, and one file a minute for a day.

Every billed item is counted in the embedded AWS while the deployed lake loads one file after another, and priced by the
price table of `lake cost`. Milliseconds of functions are this machine's: its processor is not Lambda's, and S3 answers
from memory.
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
from generators.transactions import generate_transactions
from localaws.paths import Paths

ROWS: Final = 200
DROPS: Final = int(os.environ.get("CARTLAKE_BENCH_DROPS", "6"))
WARM_UP: Final = 2
RUNS_A_DAY: Final = 1440
MOST_USD, MOST_USD_A_DAY = 0.002, 1.50
SHOWN: Final = 8
QUIET_SECONDS: Final = 8.0
GIVE_UP_SECONDS: Final = 180.0


def measure() -> list[dict[str, Any]]:
    """Drop one new file at a time into a lake of its own, and price what that took."""
    os.environ["LOCALAWS_REQUEST_LOG"] = "true"
    with TemporaryDirectory() as folder, new_lake(Path(folder) / "checkout") as lake:
        os.environ.update(lake.local_variables())
        client.cache_clear()
        log = Paths(emulator.settings_of(lake.root).home).request_log
        drops = [_drop(lake, log, Path(folder) / str(number), number) for number in range(WARM_UP + DROPS)]
    return _measures(drops[WARM_UP:], billing.prices())


def _measures(drops: Sequence[Sequence[billing.Entry]], price: billing.Prices) -> list[dict[str, Any]]:
    bills = [billing.bill(drop, price) for drop in drops]
    alone = [sum(one.values()) + billing.kms_usd(drop, price, 1) for one, drop in zip(bills, drops, strict=True)]
    often = [sum(one.values()) + billing.kms_usd(drop, price, 1) / 5 for one, drop in zip(bills, drops, strict=True)]
    a_day = RUNS_A_DAY * median(often) + billing.idle_usd_a_day(price)
    transitions = [sum(entry["kind"] == "transition" for entry in drop) for drop in drops]
    requests = [sum(entry["kind"] == "request" for entry in drop) for drop in drops]
    return [
        _measure("cost_per_small_drop_usd", median(alone), "USD", MOST_USD)
        | {"runs": [round(usd, 6) for usd in alone]},
        _measure("cost_one_file_a_minute_usd_a_day", a_day, "USD", MOST_USD_A_DAY),
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
    generate_transactions(folder, rows=ROWS, days=1, seed=time.time_ns() % 2**31 + number, dirty=0.0)
    [path] = folder.glob("*.csv")
    offset = log.stat().st_size
    key = f"incoming/transactions/cost-{time.time_ns()}.csv"
    client("s3").put_object(Bucket=lake.outputs.buckets["raw"], Key=key, Body=path.read_bytes())
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < deadline:
        time.sleep(0.5)
        entries = billing.read_log(log, offset)
        if _ended(entries, "refresh") and time.time() - entries[-1]["at"] >= QUIET_SECONDS:
            return entries
    raise TimeoutError(f"{key} was not loaded and refreshed within {GIVE_UP_SECONDS:g} s; `lake runs` says why.")


def _ended(entries: Sequence[billing.Entry], machine: str) -> bool:
    """Whether an execution of the machine has ended by itself."""
    return any(
        entry["kind"] == "history" and entry["event"] == "ExecutionSucceeded" and entry["machine"].endswith(machine)
        for entry in entries
    )


def _measure(name: str, value: float, unit: str, aim: float | None = None) -> dict[str, Any]:
    return {"name": name, "value": round(value, 6), "unit": unit, "aim": aim, "runs": [round(value, 6)]}
