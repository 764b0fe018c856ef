"""Compaction of a table by somebody else: the same rows in one new file, in a snapshot without a run id."""

from uuid import uuid4

from pyiceberg.io.pyarrow import _dataframe_to_data_files
from pyiceberg.table.snapshots import Operation, Summary
from pyiceberg.table.update.snapshot import _OverwriteFiles


class _Replacement(_OverwriteFiles):
    """A snapshot as compaction writes it; pyiceberg has no public producer of it."""

    def _summary(self, snapshot_properties=None):
        overwrite = super()._summary(snapshot_properties or {})
        return Summary(operation=Operation.REPLACE, **overwrite.additional_properties)


def compact(table):
    """Write the rows of main again and drop the files they were in; returns the id of the snapshot."""
    rows, files = table.scan().to_arrow(), [task.file for task in table.scan().plan_files()]
    with table.transaction() as transaction:
        written = _dataframe_to_data_files(transaction.table_metadata, rows, table.io, write_uuid=uuid4())
        with _Replacement(Operation.OVERWRITE, transaction, table.io, uuid4(), {}, "main") as replacement:
            for file in files:
                replacement.delete_data_file(file)
            for file in written:
                replacement.append_data_file(file)
    return table.refresh().current_snapshot().snapshot_id
