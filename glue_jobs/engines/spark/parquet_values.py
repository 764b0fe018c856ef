"""Values of Parquet files as texts: plain ones as Spark writes them, nested ones as JSON."""

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BinaryType, DataType, DecimalType, MapType, StructField, StructType

from cartlake.contracts import Contract
from cartlake.contracts.types import List, Plain, Struct, Type
from glue_jobs.engines.parquet_columns import Texts, raw_columns

_NO_TEXT = (ArrayType, MapType, StructType, BinaryType)


def parquet_columns(schema: StructType, contract: Contract, names: Mapping[str, str]) -> dict[str, Column | None]:
    """Return the raw columns of a file with this schema; None for one of a type that has no text.

    `names` and what becomes of other columns as in `raw_columns`.
    """
    types = {field.name: field.dataType for field in schema}
    return raw_columns(types, contract, names, Texts(_column, _any, _kept))


def _kept(texts: Mapping[str, Column]) -> Column:
    """Return the columns that no contract has as one object of JSON, without nulls; null where there is none."""
    fields = [column.alias(name) for name, column in texts.items()]
    if not fields:
        return F.lit(None).cast("string")
    text = F.to_json(F.struct(*fields))
    return F.when(text != "{}", text)


def _column(name: str, found: DataType, wanted: Type, *, whole: bool) -> Column | None:
    """Return the text of a column. `whole`: fields that are not wanted may not be left out."""
    if isinstance(wanted, Plain):
        return None if isinstance(found, _NO_TEXT) else _text(_named(name), found)
    if whole and _has_more(found, wanted):
        return None
    value = _nested(_named(name), found, wanted)
    return None if value is None else F.to_json(value, {"ignoreNullFields": "false"})


def _has_more(found: DataType, wanted: Type) -> bool:
    """Return whether a type has fields that are not wanted."""
    match wanted, found:
        case List(element), ArrayType():
            return _has_more(found.elementType, element)
        case Struct(fields), StructType():
            known, inner = dict(fields), [(wanted.called(one.name), one.dataType) for one in found]
            return any(name not in known or _has_more(kind, known[name]) for name, kind in inner)
    return False


def _nested(value: Column, found: DataType, wanted: Type) -> Column | None:
    """Return a value in which every plain value is a text; None where it has another form than wanted."""
    match wanted, found:
        case List(element), ArrayType():
            if _nested(F.lit(None), found.elementType, element) is None:
                return None
            return F.transform(value, lambda one: _nested(one, found.elementType, element))  # type: ignore[arg-type, return-value]
        case Struct(fields), StructType():
            there = {wanted.called(one.name): one for one in found}
            parts = [(name, _part(value, there.get(name), kind)) for name, kind in fields]
            listed = [part.alias(name) for name, part in parts if part is not None]
            return F.when(value.isNotNull(), F.struct(*listed)) if len(listed) == len(parts) else None
        case Plain(), _ if not isinstance(found, _NO_TEXT):
            return _text(value, found)
    return None


def _part(value: Column, found: StructField | None, wanted: Type) -> Column | None:
    if found is None:
        return F.lit(None).cast("string")
    return _nested(value.getField(found.name), found.dataType, wanted)


def _any(name: str, found: DataType) -> Column | None:
    """Return a column of any type in which every plain value is a text; None for types without a text."""
    kind = _type_of(found)
    return None if kind is None else _nested(_named(name), found, kind)


def _type_of(found: DataType) -> Type | None:
    if isinstance(found, ArrayType):
        element = _type_of(found.elementType)
        return element and List(element)
    if isinstance(found, StructType):
        parts = [(one.name, _type_of(one.dataType)) for one in found]
        fields = tuple((name, kind) for name, kind in parts if kind is not None)
        return Struct(fields) if len(fields) == len(parts) else None
    return None if isinstance(found, _NO_TEXT) else Plain("string")


def _text(value: Column, found: DataType) -> Column:
    """Return a value's text. Spark writes a decimal below a millionth as `0E-8`; here it has no exponent."""
    text = value.cast("string")
    if not isinstance(found, DecimalType):
        return text
    digits = F.substring((F.abs(value) + 1).cast("string"), 2, 40)
    sign = F.when(value < 0, "-").otherwise("")
    return F.when(text.contains("E"), F.concat(sign, F.lit("0"), digits)).otherwise(text)


def _named(name: str) -> Column:
    return F.col("`" + name.replace("`", "``") + "`")
