"""Raw rows to conformed, judged and deduplicated rows, as the contract says. Nothing here reads, writes or counts.

A raw row has the columns of a file as strings, and

- `_corrupt_record`: the text of a row that could not be parsed, null for all others;
- `_source_file`: the URI of its file.

A judged row has the columns of the table, and

- `_broken`, `_warned`: the names of broken rules joined by `|`, empty when there are none. Text, not arrays: these
  columns are made for every row and needed for a hundredth of them;
- `_raw`, `_corrupt_record`: what was read, null unless a rule is broken.

Judged rows must be persisted before anything is derived from them: Spark's optimizer would copy the expression of all
rules into every place that looks at `_broken`, again and again, and planning would not end.
"""

import re
from collections.abc import Iterable
from datetime import datetime

from cartlake.contracts import Column as ContractColumn
from cartlake.contracts import Contract, Reference, RowRule, Table
from cartlake.engine import Column, DataFrame, F, Window
from cartlake.times import stamp

MALFORMED = "malformed_row"
_SEPARATOR = "|"
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_WIDER = "decimal(38,10)"


def conform(raw: DataFrame, table: Table, run_id: str, ingested_at: datetime) -> DataFrame:
    """Give every column its type; null for what cannot be read as that type. An empty string is no value.

    Keeps the strings as `_raw_<column>`, next to `_corrupt_record`.
    """
    lineage = {
        "_ingested_at": F.lit(stamp(ingested_at)).cast("timestamp"),
        "_source_file": F.col("_source_file"),
        "_run_id": F.lit(run_id),
    }
    columns = [lineage[c.name] if c.lineage else F.expr(cast_sql(c)) for c in table.columns]
    return raw.select(
        *(F.col(column.name).alias(f"_raw_{column.name}") for column in table.file_columns),
        F.col("_corrupt_record"),
        *(column.alias(c.name) for column, c in zip(columns, table.columns, strict=True)),
    )


def cast_sql(column: ContractColumn) -> str:
    """SQL that reads a string as the column's type, null when that would lose or invent something.

    Casts alone differ: `'1.5'` becomes 2 in DuckDB and null in Spark, 12.345 is rounded to cents by both, and Spark
    reads `'10:00'` as a time of today.
    """
    name, kind = column.name, column.type
    cast = f"try_cast({name} as {kind})"
    if kind == "string":
        return f"nullif({name}, '')"
    if kind in ("int", "bigint"):
        # Spares the usual '12' the regular expression.
        written_out = f"cast({cast} as string) = {name}"
        return f"case when {written_out} or {name} rlike '^ *[+-]?[0-9]+ *$' then {cast} end"
    if match := _DECIMAL.fullmatch(kind):
        lossless = f"{cast} = try_cast({name} as {_WIDER})"
        scale = int(match[2])
        # Spares the usual '12.34' the second cast.
        written_out = f"instr({name}, '.') = length({name}) - {scale} or " if scale else ""
        return f"case when {written_out}{lossless} then {cast} end"
    if kind == "timestamp":
        cast = f"try_cast({_without_zulu(name)} as {kind})"
    if kind in ("timestamp", "date"):
        return f"case when instr({name}, '-') = 5 and locate('-', {name}, 6) = 8 then {cast} end"
    return cast


def _without_zulu(name: str) -> str:
    """SQL that drops the Z of `yyyy-mm-ddThh:mm:ssZ`, which says what holds without it.

    Spark compiles two regular expressions for every zone it reads. No other text loses its Z: `...+02Z` would pass.
    """
    shape = f"length({name}) = 20 and instr({name}, ':') = 14 and locate(':', {name}, 15) = 17"
    ending = f"instr({name}, 'Z') = 20 and substr({name}, 19, 1) between '0' and '9'"
    return f"case when {shape} and {ending} then substr({name}, 1, 19) else {name} end"


def judge(conformed: DataFrame, table: Table) -> DataFrame:
    """Check every row against every row rule in one pass, and name the rules it breaks."""
    errors = [rule for rule in table.row_rules if rule.severity == "error"]
    warnings = [rule for rule in table.row_rules if rule.severity == "warning"]
    uncastable = [_uncastable(c) for c in table.file_columns if c.type != "string"]
    reasons = [*uncastable, *_breaches(errors), *map(_orphan, quarantining(table))]
    # Most rows have no reason, and to look for a first one makes no text. Not one long `and`: Spark generates a single
    # method of it, too large for the JVM to compile, but a method for every few arguments of `coalesce`.
    broken = (
        F.when(F.col("_corrupt_record").isNotNull(), F.lit(MALFORMED))
        .when(F.coalesce(*reasons).isNull(), F.lit(""))
        .otherwise(F.concat_ws(_SEPARATOR, *reasons))
    )
    # A second step, so that the engine makes `_broken` once and then looks at it.
    warned = F.concat_ws(_SEPARATOR, *_breaches(warnings)) if warnings else F.lit("")
    judged = conformed.select("*", broken.alias("_broken"), warned.alias("_warned"))
    is_broken = F.col("_broken") != F.lit("")
    raw = F.struct(*(F.col(f"_raw_{column.name}").alias(column.name) for column in table.file_columns))
    return judged.select(
        *(F.col(column.name) for column in table.columns),
        F.col("_broken"),
        F.col("_warned"),
        F.when(is_broken, raw).alias("_raw"),
        F.when(is_broken, F.col("_corrupt_record")).alias("_corrupt_record"),
    )


def accepted(judged: DataFrame, table: Table) -> DataFrame:
    """The rows that break no rule, as the table has them."""
    return judged.where(F.col("_broken") == F.lit("")).select(*(F.col(column.name) for column in table.columns))


def rule_counts(judged: DataFrame) -> DataFrame:
    """One row per broken rule: `rule`, `broken` rows. Reasons that are no rules of the contract are among them."""
    breaches = judged.where((F.col("_broken") != F.lit("")) | (F.col("_warned") != F.lit("")))
    names = F.split(F.concat_ws(_SEPARATOR, F.col("_broken"), F.col("_warned")), "[|]")
    return (
        breaches.select(F.explode(names).alias("rule"))
        .where(F.col("rule") != F.lit(""))
        .groupBy("rule")
        .agg(F.count(F.lit(1)).alias("broken"))
    )


def repeated_keys(rows: DataFrame, table: Table) -> DataFrame:
    """The primary keys that occur more than once, with their number of `copies`."""
    return rows.groupBy(*table.primary_key).agg(F.count(F.lit(1)).alias("copies")).where(F.col("copies") > F.lit(1))


def newest(rows: DataFrame, table: Table) -> DataFrame:
    """Keep one row per primary key: the highest version.

    Of equal versions the one with the greatest values stays, in whatever files they came; of equal rows the one of the
    last file by name.
    """
    order = [*order_of_versions(table), "_source_file"]
    newest_first = Window.partitionBy(*table.primary_key).orderBy(*(F.desc(name) for name in order))
    ranked = rows.withColumn("_rank", F.row_number().over(newest_first))
    return ranked.where(F.col("_rank") == F.lit(1)).select(*(F.col(column.name) for column in table.columns))


def order_of_versions(table: Table) -> list[str]:
    """The columns that decide, in this order, which of two rows of one key is the newer: the version, then all others.

    Only what is in the files counts, so that the same rows end as the same table, however they were cut into files.
    """
    others = [column.name for column in table.file_columns if column.name not in table.primary_key]
    return list(dict.fromkeys([str(table.version_column), *others]))


def deduplicate(rows: DataFrame, repeated: DataFrame, table: Table) -> DataFrame:
    """Keep the newest row of every key, ranking only the rows whose key is in `repeated`."""
    keys = list(table.primary_key)
    once = rows.join(repeated.select(*keys), on=keys, how="left_anti")
    more = rows.join(repeated.select(*keys), on=keys, how="left_semi")
    names = [column.name for column in table.columns]
    return once.select(*names).unionByName(newest(more, table))


def quarantined(judged: DataFrame, contract: Contract, files: DataFrame, quarantined_at: datetime) -> DataFrame:
    """The rows that break a rule, as ops.quarantine_rows has them. `files` maps `_source_file` to `file_id`.

    A row is identified by its file, its text and, among equal rows of a file, its number: reading the file again, in
    whatever run, gives the same identifiers.
    """
    raw_record = F.when(F.col("_corrupt_record").isNotNull(), F.to_json(F.struct(F.col("_corrupt_record")))).otherwise(
        F.to_json(F.col("_raw"))
    )
    refused = (
        judged.where(F.col("_broken") != F.lit(""))
        .join(files, on="_source_file", how="left")
        .select("_source_file", "_run_id", "_broken", "file_id", raw_record.alias("raw_record"))
    )
    copy = F.row_number().over(Window.partitionBy("file_id", "raw_record").orderBy("_broken"))
    numbered = refused.withColumn("_copy", copy)
    row_id = F.sha2(F.concat_ws("\n", F.col("file_id"), F.col("_copy").cast("string"), F.col("raw_record")), 256)
    return numbered.select(
        row_id.alias("row_id"),
        F.lit(contract.name).alias("dataset"),
        F.col("_run_id").alias("run_id"),
        F.col("file_id"),
        F.col("_source_file").alias("source_file"),
        F.col("raw_record"),
        F.split(F.col("_broken"), "[|]").alias("reasons"),
        F.lit(contract.version).alias("contract_version"),
        F.lit(stamp(quarantined_at)).cast("timestamp").alias("quarantined_at"),
        F.lit(None).cast("string").alias("replay_id"),
        F.lit(None).cast("timestamp").alias("replayed_at"),
        F.lit(None).cast("string").alias("superseded_by"),
        F.lit(None).cast("timestamp").alias("superseded_at"),
    )


def quarantining(table: Table) -> list[Reference]:
    """The references whose rows are refused when there is no parent."""
    return [reference for reference in table.references if reference.orphans == "quarantine"]


def has_parent(reference: Reference) -> str:
    """The name of the column that says whether a row's parent is known; null where it is not."""
    return f"_has_parent_{reference.column}"


def _orphan(reference: Reference) -> Column:
    alone = F.col(reference.column).isNotNull() & F.col(has_parent(reference)).isNull()
    return F.when(alone, F.lit(reference.reason))


def _uncastable(column: ContractColumn) -> Column:
    had_a_value = F.expr(f"nullif(_raw_{column.name}, '') is not null")
    return F.when(had_a_value & F.col(column.name).isNull(), F.lit(f"uncastable:{column.name}"))


def _breaches(rules: Iterable[RowRule]) -> list[Column]:
    return [F.when(F.expr(rule.broken), F.lit(rule.name)) for rule in rules]
