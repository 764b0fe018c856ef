"""Parquet files of an Iceberg table: written by DuckDB, uploaded, and described as the table's manifests list them."""

# ruff: noqa: S608 - names and conditions are written here, from schemas of tables

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.transforms import DayTransform, HourTransform, IdentityTransform, MonthTransform, YearTransform
from pyiceberg.typedef import Record
from pyiceberg.types import ListType, NestedField, PrimitiveType, StringType, StructType

from cartlake.aws.clients import aws_errors, client
from cartlake.aws.objects import S3Uri
from cartlake.errors import TerminalError
from cartlake.tables.manifests import PATH_ID
from glue_jobs.engines.duckdb.types import duckdb_type, lower_bound, quoted, upper_bound, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pyiceberg.partitioning import PartitionField, PartitionSpec
    from pyiceberg.schema import Schema
    from pyiceberg.table import Table
    from pyiceberg.types import IcebergType

    from glue_jobs.engines.duckdb.session import Session

_UPLOADS: Final = 16
_TRANSFORMS: Final[dict[type, str]] = {
    IdentityTransform: "{0}",
    HourTransform: "(epoch_us({0}::timestamptz) // 3600000000)",
    DayTransform: "(epoch_us({0}::timestamptz) // 86400000000)",
    MonthTransform: "((year({0}) - 1970) * 12 + month({0}) - 1)",
    YearTransform: "(year({0}) - 1970)",
}
"""Partition values as Iceberg's manifests have them, in a connection whose time zone is UTC."""
_PARTITION: Final = "_partition_{0}"
_FILE_PATH: Final = NestedField(PATH_ID, "file_path", StringType(), required=True)
_POSITION_ID: Final = 2147483545
"""The columns of position delete files have field ids of their own, by Iceberg's specification."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that DuckDB wrote: path, rows, bytes, statistics by column, and values of the columns it is split by."""

    path: str
    rows: int
    size: int
    statistics: Mapping[str, Mapping[str, str]]
    keys: Mapping[str, str | None]


@dataclass(frozen=True)
class TableFiles:
    """Makes files of one table, by the partitioning and the schema it has now."""

    session: Session
    table: Table

    @cached_property
    def schema(self) -> Schema:
        return self.table.schema()

    @cached_property
    def spec(self) -> PartitionSpec:
        return self.table.spec()

    def write_rows(self, query: str, among: str | None = None) -> list[DataFile]:
        """Write the rows of a query, which has columns of the table by name, and upload them as data files.

        What the query has not is null in the table. Rows lie in the table's sort order. `among` is a query, quick to
        run, whose rows are these and maybe others: rows of one partition need not be sorted by it.
        """
        keys = {_PARTITION.format(place): self._key_sql(field) for place, field in enumerate(self.spec.fields)}
        rows = self._with_absent(query)
        partition = self._only_partition(among, keys) if among else {}
        split = [] if partition else list(keys)
        listed = [*map(self._column, self.schema.fields), *(f"{keys[key]} as {key}" for key in split)]
        order = ", ".join([*split, *self._sort_columns()])
        source = f"select {', '.join(listed)} from ({rows})" + (f" order by {order}" if order else "")
        ids = ", ".join(f"{quoted(field.name)}: {_field_ids(field)}" for field in self.schema.fields)
        written = [replace(one, keys={**one.keys, **partition}) for one in self._copy(source, ids, split) if one.rows]
        return self._upload([self._data_file(one) for one in written])

    def write_deletes(self, positions: str, files: Mapping[str, DataFile]) -> list[DataFile]:
        """Write position deletes of rows and upload them, a file for each partition.

        `positions` names a DuckDB table with `file_path` and `pos` of the rows to delete; `files` are their data files.
        """
        places: dict[tuple[int, Record], int] = {}
        numbers = {path: places.setdefault((file.spec_id, file.partition), len(places)) for path, file in files.items()}
        self.session.execute("create or replace temp table deleted_from (path varchar, place int)")
        self.session.connection.executemany("insert into deleted_from values (?, ?)", list(numbers.items()))
        source = (
            f"select file_path, pos, place from {positions} join deleted_from on path = file_path "
            "order by place, file_path, pos"
        )
        partitions = list(places)
        written = self._copy(source, f"file_path: {_FILE_PATH.field_id}, pos: {_POSITION_ID}", ["place"])
        return self._upload([self._delete_file(one, *partitions[int(str(one.keys["place"]))]) for one in written])

    def _only_partition(self, rows: str, keys: Mapping[str, str]) -> Mapping[str, str | None]:
        """The partition values of rows that are all of one partition, by key; nothing when they are of several."""
        listed = ", ".join(f"({sql})::varchar" for sql in keys.values())
        found = self.session.rows(f"select distinct {listed} from ({rows}) limit 2") if keys else []
        return dict(zip(keys, found[0], strict=True)) if len(found) == 1 else {}

    def _key_sql(self, field: PartitionField) -> str:
        kind = type(field.transform)
        if kind not in _TRANSFORMS:
            raise TerminalError(
                f"{'.'.join(self.table.name())} is partitioned by {field.transform}, which only Spark writes: "
                "set cartlake.engine: spark in its contract."
            )
        return _TRANSFORMS[kind].format(quoted(self.schema.find_column_name(field.source_id) or ""))

    def _column(self, field: NestedField) -> str:
        return f"{quoted(field.name)}::{duckdb_type(field.field_type)} as {quoted(field.name)}"

    def _sort_columns(self) -> list[str]:
        fields = self.table.sort_order().fields
        names = [(self.schema.find_column_name(field.source_id) or "", field) for field in fields]
        return [f"{quoted(name)} {field.direction.value} nulls {field.null_order.value[6:]}" for name, field in names]

    def _with_absent(self, query: str) -> str:
        present = {str(row[0]) for row in self.session.rows(f"describe {query}")}
        absent = [field.name for field in self.schema.fields if field.name not in present]
        return (
            f"select *, {', '.join(f'null as {quoted(name)}' for name in absent)} from ({query})" if absent else query
        )

    def _copy(self, query: str, field_ids: str, keys: list[str]) -> list[Written]:
        folder = self.session.folder / uuid4().hex
        folder.mkdir()
        split = f"partition_by ({', '.join(keys)}), " if keys else ""
        target = folder if keys else folder / "0.parquet"
        copied = self.session.rows(
            f"copy ({query}) to '{target}' (format parquet, compression zstd, "
            f"{split}field_ids {{{field_ids}}}, return_stats)"
        )
        return [Written(path, rows, size, stats, of or {}) for path, rows, size, _, stats, of in copied]

    def _data_file(self, written: Written) -> tuple[Written, DataFile]:
        values = (written.keys[_PARTITION.format(place)] for place in range(len(self.spec.fields)))
        kinds = [field.field_type for field in self.spec.partition_type(self.schema).fields]
        partition = Record(*(self._key(*one) for one in zip(values, self.spec.fields, kinds, strict=True)))
        fields = [leaf for field in self.schema.fields for leaf in _leaves(field)]
        return written, _described(
            written, DataFileContent.DATA, self._place(partition), partition, self.spec.spec_id, fields
        )

    def _key(self, text: str | None, field: PartitionField, kind: IcebergType) -> Any:
        if text is None:
            return None
        return value_of(text, kind) if isinstance(field.transform, IdentityTransform) else int(text)

    def _delete_file(self, written: Written, spec_id: int, partition: Record) -> tuple[Written, DataFile]:
        place = self._place(partition, self.table.specs()[spec_id])
        fields = [(quoted(_FILE_PATH.name), _FILE_PATH)]
        return written, _described(written, DataFileContent.POSITION_DELETES, place, partition, spec_id, fields)

    def _place(self, partition: Record, spec: PartitionSpec | None = None) -> str:
        spec = spec or self.spec
        path = f"{spec.partition_to_path(partition, self.schema)}/" if spec.fields else ""
        return f"{self.table.location_provider().data_path}/{path}{uuid4()}.parquet"

    def _upload(self, files: Iterable[tuple[Written, DataFile]]) -> list[DataFile]:
        made = list(files)
        client("s3")  # made here: creating clients is not safe in threads
        with ThreadPoolExecutor(_UPLOADS) as pool, aws_errors():
            list(pool.map(_upload_one, made))
        return [file for _, file in made]


def _upload_one(made: tuple[Written, DataFile]) -> None:
    written, file = made
    uri = S3Uri.parse(file.file_path)
    client("s3").upload_file(written.path, uri.bucket, uri.key)


def _described(  # noqa: PLR0913, PLR0917 - the columns of a manifest
    written: Written,
    content: DataFileContent,
    place: str,
    partition: Record,
    spec_id: int,
    fields: Iterable[tuple[str, NestedField]],
) -> DataFile:
    known = [(field, written.statistics[name]) for name, field in fields if name in written.statistics]
    lower = {field.field_id: _bound(lower_bound, stats["min"], field) for field, stats in known if "min" in stats}
    upper = {field.field_id: _bound(upper_bound, stats["max"], field) for field, stats in known if "max" in stats}
    file = DataFile.from_args(
        content=content,
        file_path=place,
        file_format=FileFormat.PARQUET,
        partition=partition,
        record_count=written.rows,
        file_size_in_bytes=written.size,
        column_sizes={field.field_id: int(stats["column_size_bytes"]) for field, stats in known},
        value_counts={field.field_id: int(stats["num_values"]) for field, stats in known},
        null_value_counts={field.field_id: int(stats["null_count"]) for field, stats in known},
        nan_value_counts={},
        lower_bounds=lower,
        upper_bounds={number: bound for number, bound in upper.items() if bound is not None},
        key_metadata=None,
        split_offsets=None,
        equality_ids=None,
        sort_order_id=None,
    )
    file.spec_id = spec_id
    return file


def _bound(bound: Callable[[str, PrimitiveType], bytes | None], text: str, field: NestedField) -> bytes | None:
    return text.encode() if field.field_id == PATH_ID else bound(text, _primitive(field))


def _primitive(field: NestedField) -> PrimitiveType:
    assert isinstance(field.field_type, PrimitiveType)  # noqa: S101 - `_leaves` gives no other
    return field.field_type


def _leaves(field: NestedField, around: str = "") -> list[tuple[str, NestedField]]:
    """The plain parts of a column by the names of DuckDB's statistics: fields and elements behind their column."""
    name = f"{around}{quoted(field.name)}"
    return [leaf for part in _parts(field) for leaf in _leaves(part, f"{name}.")] or [(name, field)]


def _field_ids(field: NestedField) -> str:
    inner = [f"{quoted(part.name)}: {_field_ids(part)}" for part in _parts(field)]
    return f"{{{', '.join([f'__duckdb_field_id: {field.field_id}', *inner])}}}" if inner else str(field.field_id)


def _parts(field: NestedField) -> tuple[NestedField, ...]:
    """The fields of a struct, or the element of a list."""
    kind = field.field_type
    if isinstance(kind, ListType):
        return (kind.element_field,)
    return kind.fields if isinstance(kind, StructType) else ()
