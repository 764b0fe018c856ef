"""When and how a table is maintained: the custom property `cartlake.maintenance`. Every setting has a default.

targetFileMb: 128            # size of compacted files
minInputFiles: 5             # fewest small files of one partition that are compacted
smallFileRatio: 0.3          # share of its files that compaction has to save before the table is compacted
deleteRatio: 0.1             # share of deleted rows at which files are rewritten without them
zOrderBy: [customer_id, product_id]  # compacted files are sorted in Z order; else by the table's cartlake.sortOrder
keepSnapshotsDays: 5         # age in days at which a snapshot is expired
minSnapshots: 5              # number of snapshots that are kept whatever their age
maxSnapshots: 60             # number of snapshots that are kept at most, once the others are an hour old
orphanDays: 3                # age in days at which files that no snapshot refers to are deleted
statistics: [customer_id]    # columns whose distinct values are counted for query planners
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, ValidationError

from cartlake.contracts.errors import Faults
from cartlake.contracts.odcs import Element

MAX_SNAPSHOTS = "cartlake.max-snapshots"
"""Property of an Iceberg table: `maxSnapshots`, for writers that know no contract. Without it nothing is maintained."""

LEAST_ORPHAN_DAYS = 3
"""Days. A write may take hours, and no snapshot refers to its files until it commits."""

_UNORDERED = ("array", "decimal", "struct")
"""Types that Iceberg cannot sort in Z order."""


class Maintenance(Element):
    """Settings of one table. Without `statistics`, the key and the columns that refer to other tables are counted."""

    enabled: bool = True
    target_file_mb: int = Field(default=128, ge=1, le=4096)
    min_input_files: int = Field(default=5, ge=2)
    small_file_ratio: float = Field(default=0.3, gt=0, le=1)
    delete_ratio: float = Field(default=0.1, gt=0, le=1)
    z_order_by: tuple[str, ...] = ()
    keep_snapshots_days: float = Field(default=5, ge=1)
    min_snapshots: int = Field(default=5, ge=1)
    max_snapshots: int = Field(default=60, ge=10)
    orphan_days: float = Field(default=LEAST_ORPHAN_DAYS, ge=LEAST_ORPHAN_DAYS)
    statistics: tuple[str, ...] | None = None

    @property
    def target_bytes(self) -> int:
        """Return the size of compacted files in bytes."""
        return self.target_file_mb * 1024**2

    @property
    def small_bytes(self) -> int:
        """Return the size in bytes below which a file is small: three quarters of the target, Iceberg's own default."""
        return self.target_bytes * 3 // 4


def maintenance_of(content: Any, types: Mapping[str, str], where: str, faults: Faults) -> Maintenance:
    """Return the settings; the defaults, with the reasons added to `faults`, when the property is invalid.

    `types` holds the type of every column by its name.
    """
    where = f"{where}.cartlake.maintenance"
    try:
        settings = Maintenance.model_validate(content)
    except ValidationError as error:
        for fault in error.errors():
            place = ".".join(str(step) for step in (where, *fault["loc"]))
            faults.add(place, fault["input"], _advice(fault["type"], fault["msg"]))
        return Maintenance()
    for place, value, advice in _faults_of(settings, types):
        faults.add(f"{where}.{place}", value, advice)
    return settings


def _advice(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        known = ", ".join(str(field.alias) for field in Maintenance.model_fields.values())
        return f"not a setting of maintenance; these are: {known}"
    return message[:1].lower() + message[1:]


def _faults_of(settings: Maintenance, types: Mapping[str, str]) -> Iterator[tuple[str, object, str]]:
    lists = {
        "zOrderBy": settings.z_order_by,
        "statistics": settings.statistics or (),
    }
    for place, names in lists.items():
        if unknown := [name for name in names if name not in types]:
            yield place, list(names), f"no such column: {', '.join(unknown)}; the table has {', '.join(types)}"
        if len(set(names)) < len(names):
            yield place, list(names), "name each column once"
    if bad := [name for name in settings.z_order_by if types.get(name, "").startswith(_UNORDERED)]:
        yield "zOrderBy", list(settings.z_order_by), f"rows cannot be ordered by {', '.join(bad)}: choose other columns"
    # Z order of one column is its plain order, which `cartlake.sortOrder` gives at a lower cost.
    if len(settings.z_order_by) == 1:
        yield "zOrderBy", list(settings.z_order_by), "needs two columns or more; for one use cartlake.sortOrder"
