"""The names that an expression can refer to, and the result of compiling an expression."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from localaws.athena.errors import AthenaError
from localaws.athena.trino_types import NUMERIC, TrinoType, quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True)
class Typed:
    """DuckDB SQL of one expression, which can be embedded in any other, and its Trino type."""

    sql: str
    type: TrinoType
    constant: str | None = None  # the text of a literal, where a function needs it while compiling
    local: str | None = None  # SQL of the local time of an instant whose zone is known in each row only

    @property
    def is_number(self) -> bool:
        """Whether it is a literal number, which is neither NULL nor NaN."""
        return self.constant is not None and self.type.name in NUMERIC


@dataclass(frozen=True)
class Field:
    """One column in scope: `qualifier` is catalog, database and table, as far as they are known."""

    qualifier: tuple[str, ...]
    name: str
    value: Typed
    hidden: bool = False  # like "$path": can be selected by name, not part of `*`


@dataclass(frozen=True)
class Relation:
    """A query's result: DuckDB SQL whose columns are c0, c1, … and their Trino names and types.

    `definition` is the query of a common table expression whose name is `sql`; "" for a recursive one.
    """

    sql: str
    columns: tuple[tuple[str, TrinoType], ...]
    definition: str = ""


@dataclass(frozen=True)
class Scope:
    """The names in scope of an expression. A subquery's scope has the enclosing query's as its parent."""

    fields: Sequence[Field] = ()
    parent: Scope | None = None
    variables: Mapping[str, Typed] = field(default_factory=dict)  # parameters of the lambdas around the expression
    windows: Mapping[str, object] = field(default_factory=dict)  # named windows of the SELECT

    def with_variables(self, variables: Mapping[str, Typed]) -> Scope:
        """Return this scope with the parameters of a lambda."""
        return Scope(self.fields, self.parent, {**self.variables, **variables}, self.windows)

    def resolve(self, parts: Sequence[str]) -> Typed | None:
        """Return the value of `column`, `table.column`, `column.field` and so on; None when there is none of that name.

        Raises AthenaError when two columns have it.
        """
        names = [part.lower() for part in parts]
        if names[0] in self.variables:
            return _dereference(self.variables[names[0]], names[1:])
        for index in reversed(range(len(names))):
            found = [f for f in self.fields if f.name.lower() == names[index] and _ends_with(f, names[:index])]
            if len(found) > 1:
                raise AthenaError("AMBIGUOUS_NAME", f"Column '{'.'.join(parts)}' is ambiguous")
            if found:
                value = _dereference(found[0].value, names[index + 1 :])
                if value is not None:
                    return value
        return self.parent.resolve(parts) if self.parent else None


def _ends_with(candidate: Field, qualifier: Sequence[str]) -> bool:
    return not qualifier or candidate.qualifier[-len(qualifier) :] == tuple(qualifier)


def _dereference(value: Typed, path: Iterable[str]) -> Typed | None:
    for name in path:
        names = [f.lower() for f in value.type.fields]
        if name not in names:
            return None
        index = names.index(name)
        stored = value.type.storage_fields[index]
        value = Typed(f"({value.sql}).{quote(stored)}", value.type.args[index])
    return value
