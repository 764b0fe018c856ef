"""Athena views from SQL files: `create or replace view` statements, one a file, named after the view."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from types_boto3_glue import GlueClient

    from cartlake.athena import Athena

COMMENT_VIEW = "/* Presto View: "
"""Athena keeps a view's definition in the Glue table's ViewOriginalText, as base64 JSON within this comment."""


@dataclass(frozen=True)
class View:
    """One view file. `sql` is the whole statement, `body` what follows `as`."""

    database: str
    name: str
    sql: str

    @property
    def body(self) -> str:
        return _without_spaces(self.sql.lower().partition(" as\n")[2])


@dataclass(frozen=True)
class ViewChange:
    """A view to be created, or replaced because its definition differs."""

    view: View
    action: Literal["create view", "replace view"]


def read_views(folder: Path) -> list[View]:
    """Every `<database>.<name>.sql` below `folder`, in the order of their names."""
    return [_read(path) for path in sorted(folder.glob("*.sql"))]


def plan(glue: "GlueClient", views: list[View]) -> list[ViewChange]:
    """What `apply` would do; empty when every view is as its file says."""
    return list(_changes(glue, views))


def apply(glue: "GlueClient", athena: "Athena", views: list[View]) -> list[ViewChange]:
    """Create and replace views through Athena. Raises QueryError with Athena's message for a view it refuses."""
    changes = plan(glue, views)
    for change in changes:
        athena.run(change.view.sql, database=change.view.database)
    return changes


def _read(path: Path) -> View:
    database, _, name = path.stem.partition(".")
    return View(database, name, path.read_text().rstrip().rstrip(";"))


def _changes(glue: "GlueClient", views: list[View]) -> Iterator[ViewChange]:
    for view in views:
        stored = _stored_body(glue, view)
        if stored is None:
            yield ViewChange(view, "create view")
        elif stored != view.body:
            yield ViewChange(view, "replace view")


def _stored_body(glue: "GlueClient", view: View) -> str | None:
    try:
        table = glue.get_table(DatabaseName=view.database, Name=view.name)["Table"]
    except glue.exceptions.EntityNotFoundException:
        return None
    encoded = table.get("ViewOriginalText", "").removeprefix(COMMENT_VIEW).removesuffix(" */")
    definition = json.loads(base64.b64decode(encoded)) if encoded else {}
    return _without_spaces(str(definition.get("originalSql", "")).lower())


def _without_spaces(sql: str) -> str:
    """Athena stores the text as it was sent, but engines may re-format it: only letters that matter are compared."""
    return "".join(sql.split())
