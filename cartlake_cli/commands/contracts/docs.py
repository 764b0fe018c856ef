"""`lake contracts docs`: build the data dictionary, the catalog page and the diagrams, and check their links."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cartlake_cli.athena.client import athena_of
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError, Exit
from cartlake_cli.options import Json

if TYPE_CHECKING:
    from data_catalog.model import Catalog

LIVE = ".lake/catalog/index.html"


def docs(
    context: typer.Context,
    check: Annotated[
        bool, typer.Option(help="Write nothing; exit with 1 when a link is broken, or a table or column is missing.")
    ] = False,
    live: Annotated[
        bool, typer.Option(help="Write .lake/catalog/index.html with the row counts and runs of the deployed lake.")
    ] = False,
    json: Json = False,
) -> None:
    """Build the data dictionary, the catalog page and the diagrams in build/docs/, and check their links."""
    from data_catalog import build  # noqa: PLC0415 - only checkouts have it, with Graphviz

    lake = lake_of(context)
    if check and live:
        raise CommandError("--check writes nothing, and --live writes a file: give one of them.")
    with lake.output.messages.status("Reading contracts, transforms and queries"):
        catalog = build.read_catalog(lake.root)
    files = {LIVE: _live_page(lake, catalog)} if live else build.documents(catalog)
    faults = [*build.faults_of(catalog, files)]
    rows = [{"file": name, "state": "checked" if check else _written(lake.root / name, files[name])} for name in files]
    lake.output.records("Documents", ["file", "state"], rows)
    for fault in faults:
        lake.output.say(f"[red]Broken:[/red] {fault}")
    if faults:
        raise typer.Exit(Exit.FAILED)
    if not check:
        lake.output.say(f"Open {lake.root / (LIVE if live else f'{build.FOLDER}/index.html')} in a browser.")


def _live_page(lake: Lake, catalog: "Catalog") -> str:
    from data_catalog import build  # noqa: PLC0415 - only checkouts have it, with Graphviz

    lake.connect()
    exports = lake.outputs.buckets.get("exports")
    return build.live_page(catalog, lake.environment, athena_of(lake), lake.ledger, exports)


def _written(path: Path, text: str) -> str:
    """Write the file unless it has this text already; returns `written` or `current`."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return "current"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return "written"
