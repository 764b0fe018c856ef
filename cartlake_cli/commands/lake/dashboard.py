"""`lake dashboard`: the dashboard in a browser, from the tiles of an environment."""

from __future__ import annotations

import signal
import webbrowser
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Annotated

import typer

from cartlake_cli.context import Lake, lake_of
from cartlake_cli.dashboard.engine import fetch_engine, read_lock
from cartlake_cli.dashboard.serving import TILES, TilesForbiddenError, server
from cartlake_cli.dashboard.tiles import BucketTiles
from cartlake_cli.errors import CommandError, NotReadyError

if TYPE_CHECKING:
    from collections.abc import Callable

INDEX = f"{TILES}index.json"
PACKAGED = Path(__file__).resolve().parents[2] / "_dashboard"
"""Where the files of the page are in an installed command line."""


def register(app: typer.Typer) -> None:
    """Add `lake dashboard`."""
    app.command("dashboard")(dashboard)


def dashboard(
    context: typer.Context,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Show sales, funnel, customers, products and the state of the data in a browser, until Ctrl-C."""
    lake = lake_of(context)
    tiles = tiles_of(lake)
    try:
        page = page_folder(lake.root)
        serving = server(page, tiles.read, port, engine_of(lake, page))
    except OSError as error:
        raise CommandError(f"Port {port} of 127.0.0.1 is not free: {error}. Choose another, or 0 for any.") from error
    url = f"http://127.0.0.1:{serving.server_port}/"
    lake.output.say(f"The dashboard of `{lake.environment}` is at [bold]{url}[/bold] until you press Ctrl-C.")
    if lake.outputs.dashboard_url:
        lake.output.say(f"CloudFront hosts it at {lake.outputs.dashboard_url}")
    if browser:
        webbrowser.open(url)
    # Also where a shell started this in the background, which has it ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        serving.serve_forever()
    except KeyboardInterrupt:
        lake.output.say("")
    finally:
        serving.server_close()


def engine_of(lake: Lake, page: Path) -> Callable[[str], bytes | None]:
    """Return what reads a file of Explore's engine, which the first request downloads into `.cache/`.

    It returns None for a file that the engine does not have, and raises EngineError where it cannot be downloaded.
    """
    one_at_a_time = Lock()

    def read(name: str) -> bytes | None:
        lock = read_lock(page)
        if name not in lock.files:
            return None
        with one_at_a_time:
            folder = fetch_engine(lock, lake.root / ".cache")
        return (folder / f"{name}.gz").read_bytes()

    return read


def tiles_of(lake: Lake) -> BucketTiles:
    """Return the tiles of an environment. Raises NotReadyError where there are none, or none may be read."""
    bucket = lake.outputs.buckets.get("dashboard")
    if bucket is None:
        raise NotReadyError(
            f"`{lake.environment}` was deployed by a version without a dashboard: "
            "`lake up` or `terraform apply` adds it."
        )
    tiles = BucketTiles(bucket, lake.client("s3"))
    try:
        index = tiles.read(INDEX)
    except TilesForbiddenError as error:
        raise NotReadyError(str(error)) from error
    if index is None:
        raise NotReadyError(
            f"`{lake.environment}` has no tiles yet: a refresh writes them when files were loaded. Load some with "
            "`lake drop` or `lake demo`, or start one with `lake recompute curated.sales_daily`."
        )
    return tiles


def page_folder(root: Path) -> Path:
    """Return the folder with the files of the page, of the checkout or of the installed command line."""
    folders = (root / "dashboard", PACKAGED)
    return next((folder for folder in folders if (folder / "index.html").is_file()), PACKAGED)
