"""`lake demo --streaming`: a day of orders arrives in a topic of Kafka, and the tables follow while one looks on."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from rich.live import Live
from rich.table import Table

from cartlake import contracts
from cartlake_cli.commands.tables.query import run_query
from cartlake_cli.errors import CommandError
from cartlake_cli.operations.follow import follow_refresh
from cartlake_cli.operations.raw_files.offsets import OffsetReport, offset_report
from cartlake_cli.operations.raw_files.producing import WorldMessage, messages_of
from cartlake_cli.operations.raw_files.streams import read_stream
from cartlake_cli.operations.raw_files.topics import LOCAL_BROKER, send_all
from cartlake_cli.operations.upload import upload
from sources.streams.registry import streams_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future
    from datetime import date

    from cartlake_cli.context import Lake

TOPIC: Final = "orders"
SECONDS: Final = 60.0
"""How long all messages take. Orders of one day change for days after it."""
PAUSE_SECONDS: Final = 2.0
ROWS: Final = "select count(*) from {table} where {column} = date '{day}'"
TABLES: Final = {"processed.order_lines": "order_date", "curated.fct_orders": "order_date"}
"""What is built from the topic, with the column that holds the day of an order."""


@dataclass(frozen=True)
class Day:
    """The day whose orders are sent."""

    day: date
    orders: int
    seed: int


def show_stream(lake: Lake, chosen: Day) -> dict[str, Any]:
    """Send the orders of a generated day within a minute, read the topic meanwhile, and show what became of each.

    Returns what `lake streams orders` says at the end, the messages sent, and the rows of the day by table. Raises
    CommandError when messages and rows do not add up, or the broker does not answer.
    """
    before = offset_report(lake, TOPIC).offsets
    with TemporaryDirectory(prefix="world-") as folder:
        messages = _generate(lake, Path(folder), chosen)
    lake.output.say(f"\n{len(messages):,} order lines of {chosen.day} are sent to {TOPIC} within {SECONDS:.0f} s.")
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send_all, [LOCAL_BROKER], TOPIC, messages, _speed(messages))
        with Live(console=lake.output.messages, transient=lake.output.as_json) as live:
            report = _follow(lake, chosen.day, sending, live)
    with lake.output.messages.status("Rebuilding the tables that are built from them"):
        follow_refresh(lake)
    if report.faults or report.offsets - before != sending.result():
        raise CommandError(
            f"{sending.result():,} messages were sent, and {report.offsets - before:,} came. {'; '.join(report.faults)}"
            f" `lake streams {TOPIC}` and `lake runs` say more."
        )
    return {"sent": sending.result(), **report.model_dump(), "rows_of_day": _rows(lake, chosen.day)}


def _generate(lake: Lake, folder: Path, chosen: Day) -> list[WorldMessage]:
    """Generate a day; its exchange rates are dropped as a file, since amounts are converted by them."""
    from generators.world import generate_world  # noqa: PLC0415 - numpy and Arrow

    dataset = streams_of(contracts.load_all())[TOPIC].dataset
    size: dict[str, Any] = {"days": 1, "orders_per_day": chosen.orders, "seed": chosen.seed, "start_date": chosen.day}
    generate_world(folder / "rates", datasets=["fx_rates"], **size)
    upload(lake, "fx_rates", sorted((folder / "rates" / "fx_rates").iterdir()))
    generate_world(folder, datasets=[dataset], file_format="jsonl", **size)
    return messages_of(folder / dataset, contracts.load(dataset).table)


def _speed(messages: Sequence[WorldMessage]) -> float:
    """Return how many times as fast as they happened messages are sent, to take `SECONDS` in all."""
    return max((messages[-1].at - messages[0].at).total_seconds() / SECONDS, 1.0)


def _follow(lake: Lake, day: date, sending: Future[int], live: Live) -> OffsetReport:
    """Read the topic until all that was sent is loaded; returns what became of it. Raises what the sender raised."""
    while True:
        ended = sending.done()
        read_stream(lake, TOPIC)
        report = offset_report(lake, TOPIC)
        if ended and not report.waiting:
            sending.result()
            live.update(_view(report, _rows(lake, day)))
            return report
        live.update(_view(report, _rows(lake, day)))
        time.sleep(PAUSE_SECONDS)


def _view(report: OffsetReport, rows: dict[str, int]) -> Table:
    view = Table(box=None, header_style="bold", padding=(0, 2))
    shown = {
        "offsets read": report.offsets,
        "waiting": report.waiting,
        "published": report.published,
        "quarantined": report.quarantined,
        "duplicate": report.duplicate,
        **rows,
    }
    for name in shown:
        view.add_column(name, justify="right")
    view.add_row(*(f"{number:,}" for number in shown.values()))
    return view


def _rows(lake: Lake, day: date) -> dict[str, int]:
    """Return how many rows of the day are in each table."""
    return {
        table: int(str(run_query(lake, ROWS.format(table=table, column=column, day=day)).rows[0][0]))
        for table, column in TABLES.items()
    }
