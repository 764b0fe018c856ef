"""Finds and reads contract files, in a checkout or inside a zip. Each file is read once per process."""

import os
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from cartlake.contracts.compile import compile_contract
from cartlake.contracts.defaults import with_defaults
from cartlake.contracts.errors import ContractError, Fault, Faults, UnknownDatasetError
from cartlake.contracts.model import Contract
from cartlake.contracts.odcs import KEYS, Document, FileOptions

SUFFIX = ".odcs.yaml"
RESERVED_NAMES = {
    "refresh": "is a workflow of the ledger, which rebuilds stale tables; choose another name",
    "maintenance": "is a workflow of the ledger, which maintains tables; choose another name",
}
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where libyaml is compiled in


def load(name: str) -> Contract:
    """Return the contract of a dataset. Raises UnknownDatasetError, or ContractError for an invalid file."""
    return _load(name, os.environ.get("CARTLAKE_CONTRACTS_DIR"))


def names() -> tuple[str, ...]:
    """Return the datasets whose files may be dropped, sorted. Raises ContractError for an invalid file."""
    return tuple(contract.name for contract in load_all() if contract.droppable)


def all_names() -> tuple[str, ...]:
    """Return the names of all contract files, sorted, without reading them: invalid ones are included."""
    return _stems(os.environ.get("CARTLAKE_CONTRACTS_DIR"))


def load_all() -> tuple[Contract, ...]:
    """Return every contract, sorted by name. Raises ContractError for an invalid file."""
    return tuple(load(name) for name in all_names())


def parse(path: Path | Traversable) -> Contract:
    """Return the contract in one file. Raises ContractError that lists every fault in it."""
    source = str(path)
    document = _document(path, source)
    faults = Faults()
    contract = compile_contract(document, _file_options(document, source), source, faults)
    # Contracts are found by the name of the file, so another name inside could never be loaded.
    if document.name != path.name.removesuffix(SUFFIX):
        faults.add("name", document.name, f"must be the name of the file; rename the file to {document.name}{SUFFIX}")
    if document.name in RESERVED_NAMES:
        faults.add("name", document.name, RESERVED_NAMES[document.name])
    if contract.droppable:
        _check_droppable(contract, faults)
    if faults.found:
        raise ContractError(source, faults.found)
    return contract


@lru_cache(maxsize=64)
def _load(name: str, directory: str | None) -> Contract:
    known = _stems(directory)
    if name not in known:
        raise UnknownDatasetError(
            f"no contract {name!r} in {_root(directory)}; there are: {', '.join(known) or 'none'}"
        )
    return parse(_root(directory) / f"{name}{SUFFIX}")


@cache
def _stems(directory: str | None) -> tuple[str, ...]:
    found = [entry.name for entry in _root(directory).iterdir()]
    return tuple(sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX)))


@cache
def _root(directory: str | None) -> Traversable:
    if directory is not None:
        return Path(directory)
    # Artifacts and wheels hold the contracts inside the package; a checkout has them beside it.
    shipped = files("cartlake") / "_contracts"
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / "contracts"


def _document(path: Path | Traversable, source: str) -> Document:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader, see above
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractError(source, [Fault("file", path.name, f"not YAML: {error}")]) from error
    content = with_defaults(content)
    try:
        return Document.model_validate(content)
    except ValidationError as error:
        raise ContractError(source, _faults(error, content, "")) from error


def _file_options(document: Document, source: str) -> FileOptions | None:
    for entry in document.custom_properties:
        if entry.property == "cartlake.file":
            try:
                return FileOptions.model_validate(entry.value)
            except ValidationError as error:
                raise ContractError(source, _faults(error, entry.value, "customProperties.cartlake.file.")) from error
    return None


def _check_droppable(contract: Contract, faults: Faults) -> None:
    table = contract.table
    needed = {"primaryKey": table.primary_key, "cartlake.versionColumn": table.version_column}
    times = [column.name for column in table.file_columns if column.type in {"date", "timestamp"}]
    candidates = f"; those with a time are {', '.join(times)}" if times else ""
    for key, value in (needed | {"cartlake.eventTime": table.event_time}).items():
        if not value:
            shown = "" if key == "primaryKey" else candidates
            faults.add(f"schema.{table.name}.{key}", value, f"files are merged by it; name the columns{shown}")


def _faults(error: ValidationError, content: object, prefix: str) -> list[Fault]:
    found = error.errors()
    places = [fault["loc"] for fault in found]
    return [
        Fault(prefix + _place(fault["loc"], content), _shown(fault), _advice(fault))
        for fault in found
        # Elements with faults do not count for the length of their list, which would be a second fault of it.
        if not (fault["type"] == "too_short" and any(_is_below(place, fault["loc"]) for place in places))
    ]


def _is_below(place: tuple[int | str, ...], other: tuple[int | str, ...]) -> bool:
    return len(place) > len(other) and place[: len(other)] == other


def _shown(fault: Any) -> object:
    return None if fault["type"] == "missing" else fault["input"]


def _advice(fault: Any) -> str:
    match fault["type"]:
        case "missing":
            return "missing; add it"
        case "extra_forbidden":
            near = get_close_matches(str(fault["loc"][-1]), KEYS, n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            return f"not a key Cartlake knows here; {meant}correct the spelling, or move it to customProperties"
        case "too_short":
            return "is empty; name at least one"
    return str(fault["msg"][:1].lower() + fault["msg"][1:])


def _place(location: tuple[int | str, ...], content: Any) -> str:
    """Return the path of a fault with the names of elements in place of their positions in lists."""
    parts: list[str] = []
    for step in location:
        child = None
        if isinstance(content, dict):
            child = content.get(step)
        elif isinstance(content, list) and isinstance(step, int) and step < len(content):
            child = content[step]
        named = (
            child.get("name") or child.get("property") if isinstance(child, dict) and isinstance(step, int) else None
        )
        parts.append(str(named if named is not None else step))
        content = child
    return ".".join(part for part in parts if part != "properties")
