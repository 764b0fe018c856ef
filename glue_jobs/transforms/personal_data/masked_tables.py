"""Masked tables: the rows of a table whose personal data is left out, or replaced as its contract says."""

from collections.abc import Callable, Sequence
from typing import Final

from cartlake.contracts.custom_properties.building import ColumnMask
from cartlake.engine import Column, DataFrame, F

REDACT: Final = "redact"


def masked_rows(*, masks: Sequence[ColumnMask], **upstream: DataFrame) -> DataFrame:
    """Return the rows of the only upstream without its redacted columns, the others masked.

    The masks make the values that `cartlake.contracts.custom_properties.masks` describes; null stays null.
    """
    [rows] = upstream.values()
    chosen = {one.column: one.mask for one in masks}
    kept = [name for name in rows.columns if chosen.get(name) != REDACT]
    return rows.select(*(_masked(name, chosen[name]) if name in chosen else F.col(name) for name in kept))


def _masked(name: str, mask: str) -> Column:
    kind, _, size = mask.rstrip(")").partition("(")
    if kind == "prefix":
        return F.substring(F.col(name), 1, int(size)).alias(name)
    return _MASKS[kind](F.col(name)).alias(name)


def _domain(value: Column) -> Column:
    has_domain = F.instr(value, "@") > F.lit(0)
    return F.when(has_domain, F.concat(F.lit("***@"), F.regexp_extract(value, "@([^@]*)", 1)))


def _year(value: Column) -> Column:
    return F.date_trunc("year", value).cast("date")


def _hash(value: Column) -> Column:
    return F.sha2(value, 256)


_MASKS: Final[dict[str, Callable[[Column], Column]]] = {"domain": _domain, "year": _year, "hash": _hash}
