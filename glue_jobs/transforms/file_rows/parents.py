"""Mark the rows whose parent exists, for each reference whose contract refuses rows without one."""

from cartlake.contracts import Table
from cartlake.engine import DataFrame, F, broadcast
from glue_jobs.transforms.file_rows.judging import has_parent, quarantining


def with_parents(conformed: DataFrame, table: Table, *parents: DataFrame) -> DataFrame:
    """Add `_has_parent_<column>` for every reference that refuses orphans: true where the parent is known, else null.

    `parents` are the rows of the tables those references point at, in the order of `judging.quarantining(table)`.
    The keys of the batch are few, the parents many: those that matter are picked out first, by a join that sends the
    keys to the parents and not the other way.
    """
    for reference, parent in zip(quarantining(table), parents, strict=True):
        column = reference.column
        key = f"_parent_{column}"  # a name of its own, because SQLFrame confuses the sides of a join on equal names
        wanted = conformed.select(F.col(column).alias(key)).where(F.col(key).isNotNull()).distinct()
        keys = parent.select(F.col(reference.parent_column).alias(key))
        known = keys.join(broadcast(wanted), on=key, how="left_semi").distinct()
        found = known.withColumn(has_parent(reference), F.lit(True))  # noqa: FBT003 - a literal of SQL
        conformed = conformed.join(broadcast(found), on=F.col(column) == F.col(key), how="left").drop(key)
    return conformed
