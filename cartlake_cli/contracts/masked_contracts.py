"""The contracts of masked tables, written from those of the tables with personal data.

A masked table is built from one table like a mart, so it is refreshed by the same runs: after a load, a delete, a
backfill or an erasure it holds what its table holds, without personal data.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import yaml

from cartlake import contracts
from cartlake.contracts import Column, Contract, Table
from cartlake.contracts.custom_properties.building import PERIODS
from cartlake.contracts.defaults import with_defaults
from cartlake.contracts.loading import SUFFIX
from cartlake_cli.errors import CommandError

DATABASE: Final = "masked"
TRANSFORM: Final = "personal_data.masked_tables.masked_rows"
_KEPT: Final = ("name", "logicalType", "physicalType", "required", "primaryKey", "primaryKeyPosition", "partitioned")
_KEPT_TOO: Final = ("partitionKeyPosition", "classification", "description", "examples", "items", "properties")
_INSTANT: Final = {"timezone": True, "defaultTimezone": "Etc/UTC"}
_LAKE_COLUMNS: Final = (
    {
        "name": "_updated_at",
        "logicalType": "timestamp",
        "physicalType": "timestamp",
        "required": True,
        "description": "When the row was computed, UTC.",
        "logicalTypeOptions": _INSTANT,
    },
    {
        "name": "_run_id",
        "logicalType": "string",
        "physicalType": "string",
        "required": True,
        "description": "The run that computed the row.",
    },
)


def masked_name(contract: Contract) -> str:
    """Return the name of the contract of the masked table."""
    return f"{contract.name}_masked"


def can_be_masked(contract: Contract) -> bool:
    """Return whether a masked table can be built of it: its only table has personal data, and none in the key."""
    if len(contract.tables) != 1 or contract.table.database in (DATABASE, "ops"):
        return False
    protected = contract.table.protected_columns
    return bool(protected) and not any(column.primary_key for column in protected)


def text_of(contract: Contract) -> str:
    """Return the contract file of the masked table.

    Raises CommandError for a contract without personal data, and for one whose primary key is personal data.
    """
    if not can_be_masked(contract):
        raise CommandError(
            f"No masked table can be built of {contract.name}: that takes one table, outside ops, with columns tagged "
            f"pii that are not in its primary key. Its columns with personal data: {_listed(contract)}."
        )
    written = (
        f"# Written by `lake contracts mask {contract.name}`: change {contract.name}{SUFFIX}, then run it again.\n"
    )
    return written + yaml.safe_dump(_document(contract), sort_keys=False, width=120, allow_unicode=True)


def written_at(folder: Path, contract: Contract) -> Path:
    """Return the file of the masked table's contract."""
    return folder / f"{masked_name(contract)}{SUFFIX}"


def outdated(folder: Path) -> list[str]:
    """Return the contracts whose masked table is not what `lake contracts mask` would write now.

    One that has no masked table is not among them: roles without personal data cannot read such a table at all.
    """
    found = [one for one in contracts.load_all() if can_be_masked(one) and written_at(folder, one).exists()]
    return [one.name for one in found if written_at(folder, one).read_text(encoding="utf-8") != text_of(one)]


def _document(contract: Contract) -> dict[str, Any]:
    table, name = contract.table, masked_name(contract)
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": f"cartlake.{name}",
        "name": name,
        "version": contract.version,
        "status": contract.status,
        "domain": contract.domain,
        "description": {
            "purpose": f"The rows of {table.physical_name} for those who may not read personal data.",
            "limitations": f"Left out: {', '.join(_redacted(table)) or 'nothing'}. {contract.limitations}".strip(),
        },
        "team": {"name": contract.owner},
        "schema": [_table(contract)],
    }


def _table(contract: Contract) -> dict[str, Any]:
    table, name = contract.table, masked_name(contract)
    described = {column["name"]: column for column in _described(contract)}
    kept = [column for column in table.value_columns if column.name not in _redacted(table)]
    return {
        "name": name,
        "physicalName": f"{DATABASE}.{name}",
        "physicalType": "table",
        "description": f"{table.physical_name} with personal data left out or masked.",
        "dataGranularityDescription": table.grain,
        "customProperties": _custom_properties(table),
        "properties": [*(_column(column, described[column.name]) for column in kept), *deepcopy(_LAKE_COLUMNS)],
    }


def _custom_properties(table: Table) -> list[dict[str, Any]]:
    replaces = _replaces(table)
    upstream = {"table": table.physical_name} | ({} if replaces in PERIODS else {"reads": "all"})
    build = {
        "transform": TRANSFORM,
        "replaces": replaces,
        "upstreams": [upstream],
        "masks": [{"column": column.name, "mask": _mask(column)} for column in table.protected_columns],
    }
    time = [{"property": "cartlake.eventTime", "value": table.event_time}] if replaces in PERIODS else []
    return [*time, {"property": "cartlake.build", "value": build}]


def _replaces(table: Table) -> str:
    """Return what is rebuilt after a change: the same period where the table has one, otherwise everything."""
    if table.event_time is None or table.column(table.event_time).protected or table.full_copy:
        return "all"
    if table.build is None:
        return "days"
    return table.build.replaces if table.build.replaces in PERIODS else "all"


def _column(column: Column, described: dict[str, Any]) -> dict[str, Any]:
    entry: dict[str, Any] = {key: deepcopy(described[key]) for key in (*_KEPT, *_KEPT_TOO) if key in described}
    if column.protected:
        # The example is a value that the mask hides, and the class is that of the value.
        entry.pop("examples", None)
        entry.pop("classification", None)
        entry["required"] = False
        entry["description"] = f"Masked ({_mask(column)}). {column.description}"
    if column.type == "timestamp":
        entry["logicalTypeOptions"] = dict(_INSTANT)
    transform = [one for one in described.get("customProperties", ()) if one["property"] == _PARTITION]
    return entry | ({"customProperties": transform} if transform else {})


_PARTITION: Final = "cartlake.partitionTransform"


def _redacted(table: Table) -> list[str]:
    return [column.name for column in table.protected_columns if _mask(column) == "redact"]


def _mask(column: Column) -> str:
    return column.mask_name or "redact"


def _described(contract: Contract) -> list[dict[str, Any]]:
    content = with_defaults(yaml.safe_load(Path(contract.source).read_text(encoding="utf-8")))
    properties: list[dict[str, Any]] = content["schema"][0]["properties"]
    return properties


def _listed(contract: Contract) -> str:
    found = [column.name for table in contract.tables for column in table.protected_columns]
    return ", ".join(found) or "none"
