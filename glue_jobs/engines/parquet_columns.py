"""Which columns of a Parquet file become which raw columns; how a value becomes a text is the engine's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from cartlake.contracts import Contract
from cartlake.contracts.model import UNKNOWN_COLUMNS
from cartlake.contracts.types import Type

Kind = TypeVar("Kind")
Text = TypeVar("Text")
Kind_contra = TypeVar("Kind_contra", contravariant=True)
Text_co = TypeVar("Text_co", covariant=True)


class WantedText(Protocol[Kind_contra, Text_co]):
    """Returns the text of the column `name`, of a type of the engine, as a type of a contract; None where it has none.

    `whole`: fields that are not wanted may not be left out.
    """

    def __call__(self, name: str, found: Kind_contra, wanted: Type, *, whole: bool) -> Text_co | None:
        """Return the text."""


@dataclass(frozen=True)
class Texts(Generic[Kind, Text]):
    """How an engine makes texts of columns: of a wanted type, of any type, and of several as one object of JSON."""

    of_wanted: WantedText[Kind, Text]
    of_any: Callable[[str, Kind], Text | None]
    as_object: Callable[[Mapping[str, Text]], Text]


def raw_columns(
    types: Mapping[str, Kind], contract: Contract, names: Mapping[str, str], texts: Texts[Kind, Text]
) -> dict[str, Text | None]:
    """Return the raw columns of a file with columns of these types; None for one of a type that has no text.

    `names` are columns by other names of the file. With `unknown_columns: keep` also the column that holds the others
    as JSON.
    """
    keeps = contract.unknown_columns == "keep"
    known = {column.name: column.structure for column in contract.table.file_columns}
    if keeps:
        known.pop(UNKNOWN_COLUMNS, None)
    called = {name: names.get(name, name) for name in types}
    found = {
        called[name]: texts.of_wanted(name, kind, known[called[name]], whole=keeps)
        for name, kind in types.items()
        if called[name] in known
    }
    if not keeps:
        return found
    others = {name: kind for name, kind in types.items() if called[name] not in known and not name.startswith("_")}
    unknown = {name: None if name == UNKNOWN_COLUMNS else texts.of_any(name, kind) for name, kind in others.items()}
    refused = {name: None for name, text in unknown.items() if text is None}
    kept = {name: text for name, text in unknown.items() if text is not None}
    return {**found, **refused, UNKNOWN_COLUMNS: texts.as_object(kept)}
