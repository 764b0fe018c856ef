"""Compiles an ODCS document into the contract model: columns, keys, partitions, rules."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, cast, get_args

from cartlake.contracts.custom_properties.building import TRANSFORM, Build, build_of
from cartlake.contracts.custom_properties.constants import constant_of
from cartlake.contracts.custom_properties.deletes import deleted_when, full_copy
from cartlake.contracts.custom_properties.layout import event_time_fixed, renamed_from, sort_order
from cartlake.contracts.custom_properties.maintenance import MAX_SNAPSHOTS, maintenance_of
from cartlake.contracts.custom_properties.masks import MASK, mask_of
from cartlake.contracts.custom_properties.record_mapping_faults import with_record_mapping
from cartlake.contracts.custom_properties.streams import STREAM, StreamWord, stream_of
from cartlake.contracts.custom_properties.unknown_columns import unknown_columns_of, with_unknown_columns
from cartlake.contracts.errors import Faults
from cartlake.contracts.glue_limits import check_table
from cartlake.contracts.model import (
    CONTRACT_PROPERTY,
    CURRENCY_PROPERTY,
    LIGHT_TRANSFORMS,
    VERSION_PROPERTY,
    Column,
    Contract,
    EngineWish,
    PartitionField,
    Reference,
    Table,
)
from cartlake.contracts.names import aliases_of, check_aliases
from cartlake.contracts.nested import check_parts, check_use, parts_of, type_of
from cartlake.contracts.odcs import CustomProperty, Document, FileOptions, Property, SchemaObject
from cartlake.contracts.rules.row_rules import RowRules
from cartlake.contracts.rules.table_rule_compiler import sla_rules_of, table_rules_of
from cartlake.contracts.types import is_nested

MAX_GATHER_SECONDS = 3600
# terraform/modules/datasets makes S3 lifecycle rules of the same units.
_RETENTION_DAYS = {"d": 1, "day": 1, "days": 1, "y": 365, "yr": 365, "year": 365, "years": 365}
_TRANSFORM = re.compile(r"identity|year|month|day|hour|bucket\[[1-9]\d*\]")
# With merge-on-read a MERGE of few rows writes few files; the maintenance job compacts them.
FORMAT_VERSION = "format-version"
_TABLE_PROPERTIES = {
    FORMAT_VERSION: "2",
    "write.format.default": "parquet",
    "write.parquet.compression-codec": "zstd",
    "write.delete.mode": "merge-on-read",
    "write.update.mode": "merge-on-read",
    "write.merge.mode": "merge-on-read",
    "write.distribution-mode": "hash",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "50",
    # A commit of a small file writes a manifest, and every scan reads all of them: Iceberg would merge 100.
    "commit.manifest.min-count-to-merge": "10",
    # Twenty runs may write quarantine and results at once: of those that commit at the same time, one is first. Iceberg
    # would try five times.
    "commit.retry.num-retries": "40",
    "commit.retry.max-wait-ms": "3000",
}


def compile_contract(document: Document, file: FileOptions | None, source: str, faults: Faults) -> Contract:
    """Return the model of a document. It is valid only if nothing was added to `faults`."""
    names = {table.name for table in document.tables}
    for entry in document.sla_properties:
        if entry.element is not None and entry.element.partition(".")[0] not in names:
            faults.add(f"slaProperties.{entry.property}.element", entry.element, "name it <table>.<column>")
    first = with_unknown_columns(document.tables[0], document)
    loaded = [file, *(None for _ in document.tables[1:])]
    tables = tuple(
        with_record_mapping(
            _table(table, document, faults), _custom(table.custom_properties), into, f"schema.{table.name}", faults
        )
        for table, into in zip((first, *document.tables[1:]), loaded, strict=True)
    )
    return Contract(
        name=document.name,
        version=document.version,
        status=document.status,
        owner=document.team.name,
        domain=document.domain,
        purpose=document.description.purpose,
        limitations=document.description.limitations,
        usage=document.description.usage,
        tables=tables,
        file=file,
        source=source,
        gather_seconds=_gather_seconds(document, faults),
        engine=_engine(document, (field for table in tables for field in table.partitioning), faults),
        unknown_columns=unknown_columns_of(document, faults),
        retention_days=_retention_days(document, file, faults),
        stream=_stream(document, file, tables[0], faults),
    )


def _stream(document: Document, file: FileOptions | None, table: Table, faults: Faults) -> StreamWord | None:
    custom = _custom(document.custom_properties)
    if STREAM not in custom:
        return None
    in_files = table.event_time in {column.name for column in table.file_columns}
    return stream_of(custom[STREAM], file, table.event_time if in_files else None, faults)


def _retention_days(document: Document, file: FileOptions | None, faults: Faults) -> int | None:
    where, found = "slaProperties.retention", [one for one in document.sla_properties if one.property == "retention"]
    if not found:
        return None
    value, unit = found[0].value, str(found[0].unit)
    if len(found) > 1 or file is None:
        advice = (
            "name it once" if file else "remove it: no file is dropped for this dataset, and tables keep their rows"
        )
        faults.add(where, [entry.value for entry in found], advice)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        faults.add(f"{where}.value", value, "give a whole number of 1 or more")
        return None
    if unit not in _RETENTION_DAYS:
        faults.add(f"{where}.unit", unit, "write d for days or y for years of 365 days")
    return value * _RETENTION_DAYS.get(unit, 1)


def _gather_seconds(document: Document, faults: Faults) -> int:
    value = _custom(document.custom_properties).get("cartlake.gatherSeconds", 0)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_GATHER_SECONDS:
        return value
    faults.add("customProperties.cartlake.gatherSeconds", value, f"write whole seconds, 0 to {MAX_GATHER_SECONDS}")
    return 0


def _engine(document: Document, partitioning: Iterable[PartitionField], faults: Faults) -> EngineWish:
    wish = _custom(document.custom_properties).get("cartlake.engine", "auto")
    if wish not in get_args(EngineWish):
        faults.add("customProperties.cartlake.engine", wish, f"choose {', '.join(get_args(EngineWish))}")
    if wish == "light" and any(field.transform not in LIGHT_TRANSFORMS for field in partitioning):
        advice = f"choose auto or spark: the light engine writes partitions by {', '.join(sorted(LIGHT_TRANSFORMS))}"
        faults.add("customProperties.cartlake.engine", wish, advice)
    return cast("EngineWish", wish)


def _table(table: SchemaObject, document: Document, faults: Faults) -> Table:
    where = f"schema.{table.name}"
    custom = _custom(table.custom_properties)
    names = [column.name for column in table.properties]
    # Here, and not when the table is created: Glue would refuse it in the middle of a deployment.
    check_table(table, where, faults)
    for key in ("cartlake.versionColumn", "cartlake.eventTime"):
        if custom.get(key) is not None and custom[key] not in names:
            faults.add(f"{where}.{key}", custom[key], f"no such column; the table has {', '.join(names)}")
    row_rules = RowRules(table, faults).compile()
    sla_rules = tuple(sla_rules_of(table, document.sla_properties, faults))
    table_rules = (*table_rules_of(table, faults), *sla_rules)
    rule_names = [*(rule.name for rule in row_rules), *(rule.name for rule in table_rules)]
    # A rule is a column of the measurements and the reason of a row, so it may not have the name of a column either.
    for name, count in Counter([*names, *rule_names]).items():
        if count > 1:
            faults.add(where, name, "two columns or rules have this name; rename one")
    columns = tuple(_column(column, names, f"{where}.{column.name}", faults) for column in table.properties)
    types = {column.name: column.type for column in columns}
    for key in ("cartlake.versionColumn", "cartlake.eventTime"):
        if is_nested(types.get(custom.get(key, ""), "")):
            faults.add(f"{where}.{key}", custom[key], "is nested; name a column of a plain type")
    maintenance = maintenance_of(custom.get("cartlake.maintenance", {}), types, where, faults)
    order = sort_order(custom, types, where, faults)
    if order and maintenance.z_order_by:
        advice = "choose cartlake.sortOrder or zOrderBy: rows are sorted in one order"
        faults.add(f"{where}.cartlake.maintenance.zOrderBy", list(maintenance.z_order_by), advice)
    only_spark = _custom(document.custom_properties).get("cartlake.engine") == "spark"
    kept = {MAX_SNAPSHOTS: str(maintenance.max_snapshots)} if maintenance.enabled and not only_spark else {}
    sizes = {"write.target-file-size-bytes": str(maintenance.target_bytes), **kept}
    own = {key: str(value) for key, value in custom.get("cartlake.tableProperties", {}).items()}
    properties = _TABLE_PROPERTIES | sizes | own
    if (version := properties[FORMAT_VERSION]) != _TABLE_PROPERTIES[FORMAT_VERSION]:
        advice = "leave it out: Athena reads Iceberg tables of format version 2, and a newer one cannot be taken back"
        faults.add(f"{where}.cartlake.tableProperties.{FORMAT_VERSION}", version, advice)
    build = _build(table, custom, faults)
    check_aliases([(column.name, column.aliases) for column in columns], where, faults)
    return Table(
        name=table.name,
        physical_name=table.physical_name,
        description=table.description,
        grain=table.data_granularity_description,
        columns=columns,
        primary_key=_positioned(table, "primary_key", "primary_key_position", faults),
        version_column=custom.get("cartlake.versionColumn"),
        event_time=custom.get("cartlake.eventTime"),
        partitioning=tuple(_partitioning(table, faults)),
        row_rules=row_rules,
        table_rules=table_rules,
        table_properties=properties | _recorded(document, build),
        references=tuple(_references(table, faults)),
        build=build,
        prepare=_prepare(custom, where, faults),
        sort_order=order,
        promised_hours=min((rule.hours for rule in sla_rules), default=None),
        maintenance=maintenance,
        event_time_fixed=event_time_fixed(custom, where, faults),
        deleted_when=deleted_when(custom, names, where, faults),
        full_copy=full_copy(custom, where, faults),
    )


def _recorded(document: Document, build: Build | None) -> dict[str, str]:
    """Return the properties by which `lake tables apply` finds what changed since the table was changed last."""
    currency = {CURRENCY_PROPERTY: build.currency} if build and build.currency else {}
    return {CONTRACT_PROPERTY: document.name, VERSION_PROPERTY: document.version} | currency


def _references(table: SchemaObject, faults: Faults) -> Iterator[Reference]:
    for column in table.properties:
        for relationship in column.relationships:
            orphans = _custom(relationship.custom_properties).get("cartlake.orphans", "unknown_member")
            if orphans not in ("unknown_member", "quarantine"):
                where = f"schema.{table.name}.{column.name}.relationships.cartlake.orphans"
                faults.add(where, orphans, "choose unknown_member or quarantine")
            parent, _, parent_column = relationship.to.partition(".")
            yield Reference(column.name, parent, parent_column, orphans)


def _build(table: SchemaObject, custom: dict[str, Any], faults: Faults) -> Build | None:
    if "cartlake.build" not in custom:
        return None
    keys = tuple(column.name for column in table.properties if column.primary_key)
    return build_of(custom["cartlake.build"], keys, custom.get("cartlake.eventTime"), f"schema.{table.name}", faults)


def _prepare(custom: dict[str, Any], where: str, faults: Faults) -> str | None:
    prepare = custom.get("cartlake.prepare")
    if prepare is None or TRANSFORM.fullmatch(str(prepare)):
        return prepare
    faults.add(f"{where}.cartlake.prepare", prepare, "write <module below glue_jobs/transforms>.<function>")
    return None


def _column(column: Property, names: list[str], where: str, faults: Faults) -> Column:
    kind = type_of(column, where, faults)
    if is_nested(str(kind)):
        check_use(column, where, faults)
        check_parts(column, where, faults)
    # Rows are merged by the key, and null is equal to nothing, not even to null.
    if column.primary_key and not column.required:
        faults.add(f"{where}.required", column.required, "a column of the primary key must be required")
    return Column(
        name=column.name,
        type=str(kind),
        required=column.required,
        primary_key=column.primary_key,
        description=column.description,
        classification=column.classification,
        tags=column.tags,
        examples=column.examples,
        mask=mask_of(column, _custom(column.custom_properties).get(MASK), where, faults),
        mask_name=str(_custom(column.custom_properties).get(MASK, "")),
        renamed_from=renamed_from(_custom(column.custom_properties), names, where, faults),
        parts=parts_of(column, kind),
        tree=kind if is_nested(str(kind)) else None,
        aliases=aliases_of(column.physical_name, _custom(column.custom_properties), where, faults),
        constant=constant_of(_custom(column.custom_properties), str(kind), where, faults),
    )


def _positioned(table: SchemaObject, flag: str, position: str, faults: Faults) -> tuple[str, ...]:
    chosen = sorted((c for c in table.properties if getattr(c, flag)), key=lambda c: int(getattr(c, position)))
    positions = [getattr(column, position) for column in chosen]
    # A gap or a repeated number is most likely a column that was copied or removed and not renumbered.
    if positions != list(range(1, len(positions) + 1)):
        faults.add(f"schema.{table.name}.{position}", positions, "number the columns 1, 2, 3 … without gaps")
    return tuple(column.name for column in chosen)


def _partitioning(table: SchemaObject, faults: Faults) -> Iterator[PartitionField]:
    columns = {column.name: column for column in table.properties}
    for name in _positioned(table, "partitioned", "partition_key_position", faults):
        transform = _custom(columns[name].custom_properties).get("cartlake.partitionTransform", "identity")
        if not _TRANSFORM.fullmatch(str(transform)):
            where = f"schema.{table.name}.{name}.cartlake.partitionTransform"
            faults.add(where, transform, "use identity, year, month, day, hour or bucket[n]")
        yield PartitionField(name, str(transform))


def _custom(properties: tuple[CustomProperty, ...]) -> dict[str, Any]:
    return {entry.property: entry.value for entry in properties}
