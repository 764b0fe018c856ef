"""What the values of a column have in common: counted in DuckDB, with the casts that a load uses."""

# ruff: noqa: S608 -- names of columns are made here, paths and values are parameters

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import sqlglot

from cartlake.contracts.casts import read_sql
from cartlake_cli.contracts.drafts.sample import TABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cartlake_cli.contracts.drafts.sample import Sample, Source

TYPES: Final = ("boolean", "bigint", "decimal(38,10)", "double", "date", "timestamp")
"""The types that text is tried as, besides string."""
PERSONAL_VALUES: Final = {
    "an e-mail address": r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$",
    "a phone number": r"^[+][0-9][0-9 ()./-]{6,18}$",
    "an IP address": r"^([0-9]{1,3}[.]){3}[0-9]{1,3}$",
}
_MOST_SHAPES: Final = 12
_LONGEST_KEY: Final = 3
_KEY_COLUMNS: Final = 12
"""So many columns are tried together as a key."""


@dataclass(frozen=True, eq=False)
class Facts:
    """One column of the sample. `values` are its rows with a value; `fits` how many of them read as each type.

    `whole_digits` and `scale` are the most digits before and after a point. `padded` counts numbers that begin with a
    zero, as identifiers do. `shapes` are patterns of texts with the number of values of each, the most frequent first.
    """

    source: Source
    rows: int
    values: int
    distinct: int
    fits: Mapping[str, int]
    padded: int
    whole_digits: int
    scale: int
    negative: int
    longest: int
    personal: Mapping[str, int]
    shapes: tuple[tuple[str, int], ...]
    examples: tuple[str, ...]


def facts_of(sample: Sample, source: Source) -> Facts:
    """Return what the values of a column have in common."""
    name = source.column
    number = rf"regexp_matches({name}, '^ *-?[0-9]*[.]?[0-9]+ *$')"
    parts = f"string_split(trim({name}, ' -+'), '.')"
    counts = [
        "count(*)",
        f"count({name})",
        f"count(distinct {name})",
        f"count(*) filter (where regexp_matches({name}, '^0[0-9]+$'))",
        f"max(length({parts}[1])) filter (where {number})",
        f"max(length(rtrim(coalesce({parts}[2], ''), '0'))) filter (where {number})",
        f"count(*) filter (where starts_with(trim({name}), '-') and {number})",
        f"max(length({name}))",
        *(f"count({cast_in_duckdb(name, kind)})" for kind in TYPES),
        *(f"count(*) filter (where regexp_matches(trim({name}), '{like}'))" for like in PERSONAL_VALUES.values()),
    ]
    row = [int(str(value or 0)) for value in sample.one(f"select {', '.join(counts)} from {TABLE}")]
    rows, values, distinct, padded, whole, scale, negative, longest = row[:8]
    fits = dict(zip(TYPES, row[8:], strict=False))
    return Facts(
        source, rows, values, distinct, fits, padded, whole, scale, negative, longest,
        dict(zip(PERSONAL_VALUES, row[8 + len(TYPES) :], strict=True)),
        _shapes(sample, name), _examples(sample, name),
    )  # fmt: skip


@cache
def cast_in_duckdb(name: str, kind: str) -> str:
    """Return DuckDB SQL that reads a text as a type exactly as a load does; null where it would be quarantined."""
    return sqlglot.transpile(read_sql(name, kind), read="spark", write="duckdb")[0]


def _shapes(sample: Sample, name: str) -> tuple[tuple[str, int], ...]:
    """Return patterns of the values: `ORD-00A1` is `[A-Z]{3}-[0-9A-Z]{4}`, by runs of letters and digits."""
    masked = name
    for letters, one in (("[A-Z]", "A"), ("[a-z]", "a"), ("[0-9]", "9")):
        masked = f"regexp_replace({masked}, '{letters}', '{one}', 'g')"
    found = sample.connection.execute(
        f"select {masked} as shape, count(*) from {TABLE} where {name} is not null group by 1 order by 2 desc, 1 "
        f"limit {_MOST_SHAPES}"
    ).fetchall()
    return tuple((str(shape), int(count)) for shape, count in found)


def _examples(sample: Sample, name: str) -> tuple[str, ...]:
    query = f"select {name} from {TABLE} where {name} is not null limit 1"
    return tuple(str(value) for (value,) in sample.connection.execute(query).fetchall())


def key_of(sample: Sample, *likely_first: Sequence[Facts]) -> tuple[Facts, ...]:
    """Return the fewest columns, all with values in every row, that no two rows agree in; () when there are none.

    Each list of columns is searched in its order, and the next one only if no columns of the one before are a key.
    """
    complete = ([one for one in some if one.values == one.rows and not one.source.nested] for some in likely_first)
    sizes = range(1, _LONGEST_KEY + 1)
    candidates = (chosen for some in complete for size in sizes for chosen in combinations(some[:_KEY_COLUMNS], size))
    return next((chosen for chosen in candidates if _is_unique(sample, chosen)), ())


def _is_unique(sample: Sample, chosen: Sequence[Facts]) -> bool:
    if len(chosen) == 1:
        return chosen[0].distinct == chosen[0].rows
    names = ", ".join(one.source.column for one in chosen)
    most: Any = sample.one(f"select count(*) from (select distinct {names} from {TABLE})")[0]
    return int(most) == chosen[0].rows


def pattern_of(shape: str) -> str:
    """Return the regular expression of a shape: `AAA-999` is `^[A-Z]{3}-[0-9]{3}$`."""
    return f"^{''.join(_run(run[0], len(run)) for run in re.findall(r'(?:A+|a+|9+|.)', shape))}$"


def _run(letter: str, times: int) -> str:
    one = {"A": "[A-Z]", "a": "[a-z]", "9": "[0-9]"}.get(letter, f"[{letter}]" if letter in ".+*?()$|{}" else letter)
    return f"{one}{{{times}}}" if times > 1 else one
