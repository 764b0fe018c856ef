"""`python -m tests.dashboard_pictures` takes the pictures of docs/dashboard.md, of the made-up shop of the tests."""

import tempfile
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser

from cartlake_cli.dashboard.engine import fetch_engine, read_lock
from lambdas.tile_writer.adapters import TileSource
from tests.browser import ROOT, Site, browser, show
from tests.unit.dashboard.marts import NOW, tile_source, write_explore, write_tiles

PICTURES = Path(__file__).parents[1] / "docs" / "images" / "dashboard"
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
TAKEN = {
    "sales": ("sales", DESKTOP, "light"),
    "funnel": ("funnel", DESKTOP, "light"),
    "customers": ("customers", DESKTOP, "light"),
    "products": ("products", DESKTOP, "light"),
    "trust": ("trust", DESKTOP, "light"),
    "products-dark": ("products", DESKTOP, "dark"),
    "funnel-phone": ("funnel", PHONE, "light"),
}


def main() -> None:
    """Write a PNG for each name of TAKEN."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, browser() as chrome:
        source = tile_source(Path(folder))
        write_tiles(source, Path(folder) / "bucket" / "tiles")
        site = Site(Path(folder) / "bucket")
        explore(chrome, Path(folder) / "bucket", source)
        for name, (page_name, size, look) in TAKEN.items():
            context = chrome.new_context(viewport=size, color_scheme=look, locale="en-GB")
            page = context.new_page()
            page.clock.set_fixed_time(NOW + timedelta(hours=2))
            show(page, f"{site.url}#/{page_name}")
            page.screenshot(path=PICTURES / f"{name}.png")
            context.close()
        site.close()


def explore(chrome: Browser, bucket: Path, source: TileSource) -> None:
    """Write the picture of Explore with the answer to its first example."""
    engine = fetch_engine(read_lock(ROOT / "dashboard"), ROOT / ".cache")
    write_explore(source, bucket / "tiles" / "explore")
    site = Site(bucket, lambda name: (engine / f"{name}.gz").read_bytes())
    context = chrome.new_context(viewport=DESKTOP, locale="en-GB")
    page = context.new_page()
    page.clock.set_fixed_time(NOW + timedelta(hours=2))
    page.goto(f"{site.url}explore.html")
    page.click("summary:has-text('curated.sales_daily')")
    page.click("text=Run")
    page.wait_for_selector("#result[data-state=done]")
    page.screenshot(path=PICTURES / "explore.png")
    context.close()
    site.close()


if __name__ == "__main__":
    main()
