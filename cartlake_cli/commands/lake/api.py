"""`lake api`: where the HTTP API of an environment is, and its description."""

import json as jsonlib
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cartlake_cli.context import Lake, lake_of
from cartlake_cli.errors import NotReadyError
from cartlake_cli.options import Json
from cartlake_cli.outputs import Api

CALLERS: Final = {
    "people": "send a token: Authorization: Bearer TOKEN",
    "machines": "sign requests (SigV4, execute-api)",
}
PACKAGED: Final = Path(__file__).resolve().parents[2] / "_openapi.json"
"""Where the description is in an installed command line."""


def register(app: typer.Typer) -> None:
    """Add `lake api`."""
    app.command("api")(api)


def api(
    context: typer.Context,
    openapi: Annotated[bool, typer.Option("--openapi", help="Print the description of the API as JSON.")] = False,
    json: Json = False,
) -> None:
    """Print where the HTTP API is, or its description in OpenAPI 3.1."""
    lake = lake_of(context)
    addresses = {name: address(lake, one) for name, one in sorted(lake.outputs.apis.items())}
    if openapi:
        lake.output.json(described(lake, list(addresses.values())))
        return
    if not addresses:
        raise NotReadyError(
            f"`{lake.environment}` has no API. It has one once the variable `api` says who has which role: docs/api.md."
        )
    rows = [{"callers": name, "address": url, "how": CALLERS[name]} for name, url in addresses.items()]
    lake.output.records("HTTP API", ["callers", "address", "how"], rows)


def address(lake: Lake, api: Api) -> str:
    """Return the address of an API: the embedded AWS has one of its own, because no name leads to it."""
    if not lake.is_local:
        return api.url
    return f"{lake.local_variables()['AWS_ENDPOINT_URL']}/_aws/execute-api/{api.id}/$default"


def described(lake: Lake, addresses: list[str]) -> dict[str, Any]:
    """Return the description of the API with the addresses of an environment."""
    checked_out = lake.root / "lambdas" / "api_handler" / "openapi.json"
    text = (checked_out if checked_out.is_file() else PACKAGED).read_text()
    document: dict[str, Any] = jsonlib.loads(text)
    return document | ({"servers": [{"url": url} for url in addresses]} if addresses else {})
