"""Files of position deletes that name only data files a table still has.

A reader skips positions of other data files, but they are counted as deleted rows:
https://iceberg.apache.org/spec/#position-delete-files.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat

from cartlake.tables.manifests import PATH_ID

if TYPE_CHECKING:
    from collections.abc import Collection

    from pyiceberg.io import FileIO

_PATH: Final = "file_path"


def without_missing(io: FileIO, file: DataFile, data_files: Collection[str]) -> DataFile | None:
    """Return a file of deletes without the positions in data files that are not among `data_files`.

    That is the file itself where it has none, a new one beside it where some positions stay, else None. A file of
    equality deletes is returned as it is: it names no data files.
    """
    if file.content is not DataFileContent.POSITION_DELETES:
        return file
    with io.new_input(file.file_path).open() as stream:
        positions = pq.read_table(stream)
    kept = positions.filter(pc.is_in(positions[_PATH], pa.array(sorted(data_files), positions[_PATH].type)))
    if kept.num_rows == positions.num_rows:
        return file
    return _written(io, file, kept) if kept.num_rows else None


def _written(io: FileIO, file: DataFile, positions: pa.Table) -> DataFile:
    path = f"{file.file_path.rpartition('/')[0]}/{uuid.uuid4()}.parquet"
    with io.new_output(path).create() as stream:
        pq.write_table(positions, stream, compression="zstd")
    return _described(io, file, path, positions)


def _described(io: FileIO, file: DataFile, path: str, positions: pa.Table) -> DataFile:
    first, last = (str(bound) for bound in pc.min_max(positions[_PATH]).as_py().values())
    written = DataFile.from_args(
        content=DataFileContent.POSITION_DELETES,
        file_path=path,
        file_format=FileFormat.PARQUET,
        partition=file.partition,
        record_count=positions.num_rows,
        file_size_in_bytes=len(io.new_input(path)),
        lower_bounds={PATH_ID: first.encode()},
        upper_bounds={PATH_ID: last.encode()},
    )
    written.spec_id = file.spec_id
    return written
