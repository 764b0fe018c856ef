"""How fast the dashboard shows its first chart, and how much it transfers for that, with nothing in the cache.

A made-up shop of 430 days, three channels and seven countries, in a headless Chromium beside the server. Time runs from
the start of the navigation until the first chart stands in the page; bytes are those on the wire, with headers.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.browser import Site, browser
from tests.unit.dashboard.marts import tile_source, write_tiles

RUNS = 7
AIM_MS = 1000
AIM_BYTES = 500_000
FIRST_CHART = """() => new Promise((done) => {
    const drawn = () => document.querySelector('.plot svg path') !== null;
    const look = () => drawn() ? done(performance.now()) : requestAnimationFrame(look);
    look();
})"""


def measure() -> list[dict[str, Any]]:
    """Milliseconds until the first chart (aim: at most 1,000), and bytes transferred until then (at most 500,000)."""
    with tempfile.TemporaryDirectory() as folder:
        write_tiles(tile_source(Path(folder)), Path(folder) / "bucket" / "tiles")
        site = Site(Path(folder) / "bucket")
        try:
            with browser() as chrome:
                _first_chart(chrome, site.url)
                runs = [_first_chart(chrome, site.url) for _ in range(RUNS)]
        finally:
            site.close()
    return [
        _measure("dashboard_first_chart_ms", "ms", AIM_MS, [round(millis) for millis, _ in runs]),
        _measure("dashboard_bytes", "bytes", AIM_BYTES, [size for _, size in runs]),
    ]


def _measure(name: str, unit: str, aim: int, runs: list[int]) -> dict[str, Any]:
    return {"name": name, "value": round(statistics.median(runs)), "unit": unit, "aim": aim, "runs": runs}


def _first_chart(chrome: Browser, url: str) -> tuple[float, int]:
    context = chrome.new_context(viewport={"width": 1280, "height": 900})
    page, received = context.new_page(), []
    protocol = context.new_cdp_session(page)
    protocol.send("Network.enable")
    protocol.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
    page.goto(f"{url}#/sales", wait_until="commit")
    millis = float(page.evaluate(FIRST_CHART))
    page.wait_for_load_state("networkidle")
    context.close()
    return millis, sum(received)
