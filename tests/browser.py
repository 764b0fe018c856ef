"""A real Chromium, headless, with the dashboard as `lake dashboard` serves it."""

import os
import shutil
import threading
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from cartlake_cli.dashboard.serving import TilesForbiddenError, server

ROOT = Path(__file__).parents[1]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING = (
    "no Chromium was found, so the pages of the dashboard are not tested: "
    "install it (Debian: apt-get install chromium) or set CHROMIUM to its path"
)


def chromium() -> str | None:
    """The path of a Chromium: the one CHROMIUM names, or the first on PATH."""
    return os.environ.get("CHROMIUM") or next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def browser():
    if (path := chromium()) is None:
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield opened
        opened.close()


class Site:
    """The page and a folder of tiles, which a test may take away or forbid."""

    def __init__(self, tiles: Path, read_engine: Callable[[str], bytes | None] = lambda _: None) -> None:
        self.tiles, self.state = tiles, "there"
        self.server = server(ROOT / "dashboard", self._read, read_engine=read_engine)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def _read(self, name: str) -> bytes | None:
        if self.state == "forbidden":
            raise TilesForbiddenError(f"You may not read {name}.")
        file = self.tiles / name
        return file.read_bytes() if self.state == "there" and file.is_file() else None

    def close(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


def show(page: Page, url: str, state: str = "ready") -> None:
    """Open an address of the dashboard and wait for what it shows, charts included."""
    page.goto("about:blank")
    page.goto(url)
    page.wait_for_selector(f"main[data-state={state}]")
    page.wait_for_function("[...document.querySelectorAll('.plot')].every((plot) => plot.querySelector('svg path'))")


def figures(page: Page) -> dict[str, str]:
    """The exact value of each key figure, by its label."""
    return page.eval_on_selector_all(
        ".kpi", "(all) => Object.fromEntries(all.map((one) => [one.ariaLabel, one.querySelector('data').value]))"
    )


def series(page: Page, chart: str) -> dict[str, list]:
    """The values that a chart draws, by the name of the series; `categories` are those of its axis."""
    return page.evaluate(
        """async (name) => {
            const {getInstanceByDom} = await import('./vendor/echarts-6.1.0.min.js');
            const option = getInstanceByDom(document.querySelector(`[data-chart="${name}"] .plot`)).getOption();
            const axis = [...option.xAxis, ...option.yAxis].find((one) => one.type === 'category');
            return Object.fromEntries([['categories', axis.data], ...option.series.map((one) => [one.name, one.data])]);
        }""",
        chart,
    )


def bars(page: Page, chart: str, fill: str) -> list[float]:
    """The lengths in pixels of the bars of one colour, in the order in which they are drawn."""
    return page.evaluate(
        """([name, fill]) => [...document.querySelectorAll(`[data-chart="${name}"] .plot svg path`)]
            .filter((path) => path.getAttribute('fill') === fill).map((path) => path.getBBox())
            .filter((box) => box.width > 3 && box.height > 8.5).map((box) => box.height)""",
        [chart, fill],
    )


def cells(page: Page, caption: str, column: str) -> list[str]:
    """The exact values of one column of a table, from top to bottom."""
    found = f'.card > [role=region][aria-label="{caption}"] [data-column="{column}"]'
    return page.eval_on_selector_all(found, "(all) => all.map((one) => one.dataset.value)")
