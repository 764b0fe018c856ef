"""Iceberg tables that the catalog lost, registered in Glue again from the newest metadata file in their folder."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from pyiceberg.exceptions import ValidationError
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import Table as IcebergTable

from cartlake.errors import TerminalError
from cartlake.tables.broken_metadata import METADATA_LOCATION
from cartlake_cli.migrations.glue_sync import glue_entry, sync, table_input
from cartlake_cli.migrations.repair import METADATA_NAME, files_in, missing_file
from cartlake_cli.restore.choice import MetadataFile, Ranked, parsed, ranked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cartlake.contracts.model import Table
    from cartlake.tables.glue_catalog import LakeCatalog
    from cartlake_cli.migrations.placement import Placement

_READERS: Final = 16
"""Metadata files read at once; most of the time is waiting for S3."""

Action = Literal["register", "replace", "keep", "none", "unreadable"]


@dataclass(frozen=True, slots=True)
class TablePlan:
    """What becomes of one table.

    `register` and `replace` have Glue name `file`: a table that Glue lacks, or an empty one that was made in its place.
    `keep` leaves Glue's entry, `none` is a table without files, `unreadable` one whose files are all damaged.
    """

    table: str
    identifier: tuple[str, str]
    action: Action
    file: MetadataFile | None = None
    detail: str = ""

    @property
    def is_change(self) -> bool:
        """Return whether Glue's entry is written."""
        return self.action in ("register", "replace")


def metadata_folder(catalog: LakeCatalog, identifier: tuple[str, str]) -> str | None:
    """Return the URI of the folder in which a table that Glue may not have keeps its metadata.

    None where the database has no location. Raises TerminalError when there is no such database.
    """
    database, name = identifier
    try:
        location = catalog.glue.get_database(Name=database)["Database"].get("LocationUri")
    except catalog.glue.exceptions.EntityNotFoundException as error:
        raise TerminalError(
            f"There is no Glue database {database}. Databases belong to Terraform: `terraform apply` makes them again "
            "and changes nothing else; then repeat this command."
        ) from error
    return f"{location.rstrip('/')}/{name}/metadata" if location else None


def plan_table(
    catalog: LakeCatalog, table: Table, placement: Placement, has_succeeded: Callable[[str], bool | None]
) -> TablePlan:
    """Return what to do about one table; changes nothing. Raises TerminalError when its database is missing."""
    identifier = placement.identifier(table)
    known = _entry(catalog, identifier)
    folder = _folder(catalog, table, placement, known)
    io = PyArrowFileIO(catalog.properties)
    files, broken = _read_all(io, folder)
    order = ranked(files, has_succeeded)
    chosen = next((file for file in order.files if _is_intact(io, file)), None)
    if known is not None:
        return _against_entry(table, identifier, known, order, chosen)
    if chosen is None:
        what: Action = "unreadable" if files or broken else "none"
        detail = f"no metadata file in {folder} is intact" if what == "unreadable" else "it has no files"
        return TablePlan(table.physical_name, identifier, what, None, detail)
    return TablePlan(table.physical_name, identifier, "register", chosen, "; ".join(_remarks(order, chosen, broken)))


def register(catalog: LakeCatalog, plan: TablePlan) -> None:
    """Have Glue name the chosen file. Raises TerminalError when Glue names another one afterwards.

    Raises TransientError, and changes nothing, when an entry that was to be replaced changed since it was read.
    """
    if plan.file is None:
        raise TerminalError(f"{plan.table} has no metadata file to be registered with")
    database, name = plan.identifier
    io = PyArrowFileIO(catalog.properties)
    metadata = FromInputFile.table_metadata(io.new_input(plan.file.uri))
    table = IcebergTable(plan.identifier, metadata, plan.file.uri, io, catalog)
    if plan.action == "replace":
        sync(catalog, database, {**glue_entry(catalog, database, name), "Parameters": {}}, table)
    else:
        catalog.glue.create_table(DatabaseName=database, TableInput=table_input({"Name": name}, table))
    named = catalog.load_table(plan.identifier).metadata_location
    if named != plan.file.uri:
        raise TerminalError(f"{plan.table} was registered with {plan.file.uri}, but Glue names {named}")


def has_files_of_a_table(catalog: LakeCatalog, identifier: tuple[str, str]) -> str | None:
    """Return the URI of a metadata file with rows in the folder of a table that Glue lacks, None if there is none."""
    folder = metadata_folder(catalog, identifier)
    if folder is None:
        return None
    files, _ = _read_all(PyArrowFileIO(catalog.properties), folder)
    return next((file.uri for file in ranked(files, lambda _: None).files if file.main is not None), None)


def _folder(catalog: LakeCatalog, table: Table, placement: Placement, known: dict[str, Any] | None) -> str:
    named = ((known or {}).get("Parameters") or {}).get(METADATA_LOCATION)
    if named:
        return str(named).rpartition("/")[0]
    if location := placement.location(table):
        return f"{location}/metadata"
    folder = metadata_folder(catalog, placement.identifier(table))
    if folder is None:
        raise TerminalError(f"The Glue database of {table.physical_name} has no location, so its files are not found")
    return folder


def _entry(catalog: LakeCatalog, identifier: tuple[str, str]) -> dict[str, Any] | None:
    try:
        return glue_entry(catalog, *identifier)
    except catalog.glue.exceptions.EntityNotFoundException:
        return None


def _against_entry(
    table: Table, identifier: tuple[str, str], known: dict[str, Any], order: Ranked, chosen: MetadataFile | None
) -> TablePlan:
    """Return the plan for a table that Glue has: it is replaced only when it is empty and another one was not."""
    name = table.physical_name
    named = (known.get("Parameters") or {}).get(METADATA_LOCATION)
    files = (*order.files, *order.of_others)
    current = next((file for file in files if file.uri == named), None)
    if current is None:
        return TablePlan(name, identifier, "keep", None, f"it cannot be read: `lake tables repair {name}`")
    if current.main is None and chosen is not None and chosen.main is not None:
        detail = "the catalog has an empty table that was made in its place"
        return TablePlan(name, identifier, "replace", chosen, detail)
    others = [file.name for file in (*order.files[:1], *order.others) if file.table_uuid != current.table_uuid]
    with_rows = f"files of another table lie in its folder: {', '.join(others)}" if others else ""
    return TablePlan(name, identifier, "keep", current, with_rows)


def _remarks(order: Ranked, chosen: MetadataFile, broken: list[str]) -> Iterator[str]:
    if chosen is not order.files[0]:
        yield f"newer, but damaged: {order.files[0].name}"
    if broken:
        yield f"cannot be read: {', '.join(sorted(broken))}"
    if order.rivals:
        names = ", ".join(file.name for file in order.rivals)
        yield f"left out, from writers whose commit failed: {names}"
    if order.others:
        names = ", ".join(file.name for file in order.others)
        yield f"left out, of other tables that were in this folder: {names}"


def _read_all(io: PyArrowFileIO, folder: str) -> tuple[list[MetadataFile], list[str]]:
    """Return the metadata files of a folder, and the names of those that cannot be read."""
    uris = [uri for uri in files_in(io, folder) if METADATA_NAME.fullmatch(uri.rpartition("/")[2])]
    with ThreadPoolExecutor(_READERS) as pool:
        read = list(pool.map(lambda uri: _read(io, uri), uris))
    broken = [uri.rpartition("/")[2] for uri, file in zip(uris, read, strict=True) if file is None]
    return [file for file in read if file is not None], broken


def _read(io: PyArrowFileIO, uri: str) -> MetadataFile | None:
    match = METADATA_NAME.fullmatch(uri.rpartition("/")[2])
    number = int(match[1]) if match and match[1] else 0
    try:
        with io.new_input(uri).open() as stream:
            content = stream.read()
        text = gzip.decompress(content) if uri.endswith(".gz") else content
        return parsed(uri, number, json.loads(text))
    except (ValueError, KeyError, TypeError, EOFError, OSError):
        return None


def _is_intact(io: PyArrowFileIO, file: MetadataFile) -> bool:
    """Return whether the file can be read as pyiceberg does, and the manifests it needs exist."""
    try:
        return missing_file(io, FromInputFile.table_metadata(io.new_input(file.uri))) is None
    except (ValidationError, ValueError, EOFError, OSError):
        return False
