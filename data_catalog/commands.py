"""`lake contracts docs`: writes the dictionary, the catalog and the diagrams, or says which of them are old."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cartlake import contracts
from cartlake_cli.commands.lake.query import athena_of
from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import CommandError, Exit
from cartlake_cli.options import Json
from data_catalog.diagrams import flow_diagram, model_diagram
from data_catalog.dictionary import dictionary
from data_catalog.live import read_live
from data_catalog.model import Catalog, read_catalog
from data_catalog.page import page
from data_catalog.svg import svg

LIVE = ".lake/catalog/index.html"


def register(app: typer.Typer) -> None:
    """Add `docs` to the commands of `lake contracts`."""
    app.command("docs")(docs)


def docs(
    context: typer.Context,
    check: Annotated[bool, typer.Option(help="Write nothing; exit with 1 when a committed file is old.")] = False,
    live: Annotated[
        bool, typer.Option(help="Write .lake/catalog/index.html with what the deployed lake holds now.")
    ] = False,
    json: Json = False,
) -> None:
    """Write the data dictionary, the catalog to browse and the diagrams from contracts, transforms and queries."""
    lake = lake_of(context)
    if check and live:
        raise CommandError("--check is about the committed files, --live about a deployed lake: give one of them.")
    with lake.output.messages.status("Reading contracts, transforms and queries"):
        catalog = read_catalog(lake.root)
    files = {LIVE: _live_page(lake, catalog)} if live else committed_files(catalog)
    look = _state if check else _written
    rows = [{"file": name, "state": look(lake.root / name, text)} for name, text in files.items()]
    lake.output.records("Documents", ["file", "state"], rows)
    old = [row["file"] for row in rows if row["state"] != "current"]
    if check and old:
        lake.output.say(f"[red]Not current:[/red] {', '.join(old)}. Run [bold]lake contracts docs[/bold], then commit.")
        raise typer.Exit(Exit.FAILED)
    if live:
        lake.output.say(f"Open {lake.root / LIVE} in a browser.")


def committed_files(catalog: Catalog) -> dict[str, str]:
    """What belongs into the repository: path below its root, and content."""
    return {
        "docs/data-dictionary.md": dictionary(catalog),
        "docs/catalog/index.html": page(catalog),
        "docs/diagrams/data-flow.svg": svg(flow_diagram(catalog), "flow", alone=True),
        "docs/diagrams/curated-model.svg": svg(model_diagram(catalog), "model", alone=True),
    }


def _live_page(lake: Lake, catalog: Catalog) -> str:
    now = datetime.now(UTC)
    return page(catalog, read_live(lake.environment, athena_of(lake), lake.ledger, contracts.load_all(), now))


def _written(path: Path, text: str) -> str:
    if _state(path, text) == "current":
        return "current"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return "written"


def _state(path: Path, text: str) -> str:
    if not path.exists():
        return "missing"
    return "current" if path.read_text(encoding="utf-8") == text else "old"
