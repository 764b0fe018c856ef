"""`lake contracts docs`: builds the data dictionary, the catalog page and the diagrams, and checks their links."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cartlake import contracts
from cartlake_cli.athena.client import athena_of
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError, Exit
from cartlake_cli.options import Json
from data_catalog.checks import faults_of
from data_catalog.diagrams import flow_diagram, model_diagram
from data_catalog.dictionary import dictionary
from data_catalog.drawing import svg
from data_catalog.live import read_live
from data_catalog.model import Catalog, read_catalog
from data_catalog.page import page

FOLDER = "build/docs"
LIVE = ".lake/catalog/index.html"


def register(app: typer.Typer) -> None:
    """Add `docs` to the commands of `lake contracts`."""
    app.command("docs")(docs)


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
    lake = lake_of(context)
    if check and live:
        raise CommandError("--check needs no deployed lake, and --live writes a file: give one of them.")
    with lake.output.messages.status("Reading contracts, transforms and queries"):
        catalog = read_catalog(lake.root)
    files = {LIVE: _live_page(lake, catalog)} if live else documents(catalog)
    faults = [*faults_of(catalog, files)]
    rows = [{"file": name, "state": "checked" if check else _written(lake.root / name, files[name])} for name in files]
    lake.output.records("Documents", ["file", "state"], rows)
    for fault in faults:
        lake.output.say(f"[red]Broken:[/red] {fault}")
    if faults:
        raise typer.Exit(Exit.FAILED)
    if not check:
        lake.output.say(f"Open {lake.root / (LIVE if live else f'{FOLDER}/index.html')} in a browser.")


def documents(catalog: Catalog) -> dict[str, str]:
    """What is built: path below the root of the repository, and content. The same catalog gives the same text."""
    return {
        f"{FOLDER}/index.html": page(catalog),
        f"{FOLDER}/data-dictionary.md": dictionary(catalog),
        f"{FOLDER}/data-flow.svg": svg(flow_diagram(catalog), "flow", alone=True),
        f"{FOLDER}/curated-model.svg": svg(model_diagram(catalog), "model", alone=True),
    }


def _live_page(lake: Lake, catalog: Catalog) -> str:
    now = datetime.now(UTC)
    return page(catalog, read_live(lake.environment, athena_of(lake), lake.ledger, contracts.load_all(), now))


def _written(path: Path, text: str) -> str:
    """Write the file unless it has this text already; says which of the two."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return "current"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return "written"
