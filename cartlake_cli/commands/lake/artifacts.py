"""`lake build`: the artifacts Terraform deploys."""

import json as jsonlib
from typing import Annotated

import typer

from cartlake_cli.build import Platform, build
from cartlake_cli.context import lake_of
from cartlake_cli.dashboard.engine import fetch_engine, read_lock
from cartlake_cli.options import Json


def register(app: typer.Typer) -> None:
    app.command("build")(build_artifacts)


def build_artifacts(
    context: typer.Context,
    platform: Annotated[
        Platform | None, typer.Option(help="Where Lambdas will run; by default what --env needs.")
    ] = None,
    explore: Annotated[
        bool,
        typer.Option("--explore", help="Add the engine of the dashboard's page Explore, for an environment on AWS."),
    ] = False,
    json: Json = False,
) -> None:
    """Build Lambda zips and layers and the Glue library into build/; the same input gives the same bytes."""
    lake = lake_of(context)
    chosen = platform or (Platform.HOST if lake.is_local else Platform.AWS)
    page = lake.root / "dashboard"
    engine = fetch_engine(read_lock(page), lake.root / ".cache") if explore else None
    manifest = jsonlib.loads(build(lake.root, chosen, engine).read_text())
    folder = lake.root / "build"
    rows = [
        {
            "name": name,
            "kilobytes": round((folder / name).stat().st_size / 1000),
            "digest": digest[:12],
            "sha256": digest,
        }
        for name, digest in manifest["files"].items()
    ]
    lake.output.records(f"build/ for {chosen}", ["name", "kilobytes", "digest"], rows)
    for layer in manifest["without_bytecode"]:
        version = chosen.python(layer)
        lake.output.say(
            f"Layer {layer} has no bytecode, so its functions take about twice as long to start: "
            f"there is no Python {version} here. Install it, then run `lake build` again."
        )
