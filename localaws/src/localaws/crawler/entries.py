"""The catalog entries that a Glue crawler writes for a table it found. Nothing here calls AWS."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localaws.crawler.classifiers import CsvFormat
    from localaws.crawler.discovery import FoundTable

SERDES = {
    "csv": (
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    ),
    "json": (
        "org.apache.hadoop.mapred.TextInputFormat",
        "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "org.openx.data.jsonserde.JsonSerDe",
    ),
    "parquet": (
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
}
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"


def table_input(
    table: FoundTable, bucket: str, columns: dict[str, str], crawler: str, form: CsvFormat
) -> dict[str, Any]:
    """Return the TableInput that a crawler writes."""
    partition_keys = table.partition_keys
    parameters = {
        "classification": table.classification,
        "compressionType": "gzip" if table.compressed else "none",
        "objectCount": str(len(table.keys)),
        "typeOfData": "file",
        "UPDATED_BY_CRAWLER": crawler,
    }
    if table.classification == "csv":
        parameters |= {"delimiter": form.delimiter, "skip.header.line.count": "1", "columnsOrdered": "true"}
    return {
        "Name": table.name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": parameters,
        "PartitionKeys": [{"Name": name, "Type": "string"} for name in partition_keys],
        "StorageDescriptor": storage(table, bucket, table.folder, columns, form),
    }


def must_not_be_changed(stored: dict[str, Any] | None, found: dict[str, Any]) -> bool:
    """Return whether a crawler must not change the stored table of this name: it is Iceberg, or at another location."""
    if stored is None:
        return False
    iceberg = (stored.get("Parameters") or {}).get("table_type", "").upper() == "ICEBERG"
    locations = {str((table.get("StorageDescriptor") or {}).get("Location")).rstrip("/") for table in (stored, found)}
    return iceberg or len(locations) > 1


def name_with_hash(found: dict[str, Any]) -> str:
    """Return another name for a table whose name is in use: with a hash of its location, as in Glue."""
    digest = hashlib.md5(found["StorageDescriptor"]["Location"].encode(), usedforsecurity=False).hexdigest()
    return f"{found['Name']}_{digest}"


def storage(table: FoundTable, bucket: str, folder: str, columns: dict[str, str], form: CsvFormat) -> dict[str, Any]:
    """Return the StorageDescriptor of the table or of one of its partitions."""
    reader, writer, serde = SERDES[table.classification]
    parameters = {"field.delim": form.delimiter} if table.classification == "csv" else {"serialization.format": "1"}
    if form.quote:
        serde = OPEN_CSV
        parameters = {"separatorChar": form.delimiter, "quoteChar": form.quote}
    return {
        "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items() if name not in table.partition_keys],
        "Location": f"s3://{bucket}/{folder}",
        "InputFormat": reader,
        "OutputFormat": writer,
        "Compressed": table.compressed,
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters},
    }
