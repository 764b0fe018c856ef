"""Rows of people who were erased: they are refused as `person_was_erased`, and nothing that they say is kept.

A row is recognised by the keyed hash of a column that names a person. Of a row that is refused for another reason that
column may be damaged or missing, so each word of what was read is hashed, too.
"""

from typing import Final

from cartlake.contracts import Table
from cartlake.engine import Column, DataFrame, F, broadcast, json_text
from cartlake.erasure.tombstones import PERSON_WAS_ERASED

HASHES: Final = "hash string"
"""The schema of the frame of tombstones. It has each hash once."""
INNER_KEY: Final = "_inner_key"
OUTER_KEY: Final = "_outer_key"
_BETWEEN_IDS: Final = "[^A-Za-z0-9_-]+"
_TEXT: Final = "_text"
_HASH: Final = "_hash_"


def keyed_rows(judged: DataFrame, columns: tuple[str, ...]) -> DataFrame:
    """Return judged rows, which have the two keys as columns, with the hash of each of the columns that name a person.

    `_text` is what was read of a row that is refused, null for all others. The keys are left out.
    """
    read = F.coalesce(F.col("_corrupt_record"), json_text(F.col("_raw")))
    return judged.select(
        *(F.col(name) for name in judged.columns if name not in {INNER_KEY, OUTER_KEY}),
        *(_hashed(F.col(name)).alias(f"{_HASH}{place}") for place, name in enumerate(columns)),
        F.when(F.col("_broken") != F.lit(""), read).alias(_TEXT),
    )


def texts_of_forgotten(keyed: DataFrame, hashes: DataFrame) -> DataFrame:
    """Return, each once, the texts of refused rows in which a word is the id of an erased person.

    `keyed` has `_text` and the two keys.
    """
    words = keyed.where(F.col(_TEXT).isNotNull()).select(
        _TEXT, INNER_KEY, OUTER_KEY, F.explode(F.split(F.col(_TEXT), _BETWEEN_IDS)).alias("word")
    )
    named = words.select(_TEXT, _hashed(F.col("word")).alias("hash"))
    return named.join(broadcast(hashes), on="hash", how="inner").select(_TEXT).distinct()


def without_forgotten(
    rows: DataFrame, hashes: DataFrame, texts: DataFrame, table: Table, columns: tuple[str, ...]
) -> DataFrame:
    """Return judged rows, as `judging.judge` does, in which rows of erased people have one reason and no values.

    `rows` are `keyed_rows`, `texts` are `texts_of_forgotten`. Where and when a row was read stays: it is counted.
    """
    found = _marked(rows, texts.select(F.col(_TEXT).alias("_key_text")), _TEXT, "text")
    marks = [F.col("_erased_text")]
    for place in range(len(columns)):
        known = hashes.select(F.col("hash").alias(f"_key_{place}"))
        found = _marked(found, known, f"{_HASH}{place}", str(place))
        marks.append(F.col(f"_erased_{place}"))
    erased = F.coalesce(*marks, F.lit(False))  # noqa: FBT003 - a literal of SQL
    own = [name for name in rows.columns if name != _TEXT and not name.startswith(_HASH)]
    return found.select(*(_hidden(name, table, erased).alias(name) for name in own))


def _marked(rows: DataFrame, known: DataFrame, column: str, name: str) -> DataFrame:
    """Add `_erased_<name>`: true where the column is among `_key_<name>`, the one column of `known`, else null."""
    key = f"_key_{name}"  # a name of its own, because SQLFrame confuses the sides of a join on equal names
    marked = known.withColumn(f"_erased_{name}", F.lit(True))  # noqa: FBT003 - a literal of SQL
    return rows.join(broadcast(marked), on=F.col(column) == F.col(key), how="left").drop(key)


def _hidden(name: str, table: Table, erased: Column) -> Column:
    """Return a column of judged rows without the values of erased people."""
    match name:
        case "_broken":
            return F.when(erased, F.lit(PERSON_WAS_ERASED)).otherwise(F.col(name))
        case "_warned":
            return F.when(erased, F.lit("")).otherwise(F.col(name))
        case "_deletes":
            return F.col(name)
    added = {column.name for column in table.columns if column.added_by_lake}
    return F.col(name) if name in added else F.when(~erased, F.col(name))


def _hashed(value: Column) -> Column:
    """Return the keyed hash of an id, as `cartlake.erasure.tombstones.Tombstones.hash_of` computes it."""
    inner = F.sha2(F.concat(F.col(INNER_KEY), F.trim(value.cast("string"))), 256)
    return F.sha2(F.concat(F.col(OUTER_KEY), inner), 256)
