"""When a table is maintained, and how: the custom property `cartlake.maintenance`. Each part has a sensible default.

targetFileMb: 128            # the size files are joined to
minInputFiles: 5             # so many small files of one partition are worth joining
smallFileRatio: 0.3          # the table is joined once it could do without this share of its files
deleteRatio: 0.1             # deleted rows leave the files once they are this share
zOrderBy: [customer_id, product_id]  # rows of joined files lie along a Z curve; else in the table's cartlake.sortOrder
keepSnapshotsDays: 5         # how far time travel reaches back
minSnapshots: 5              # and at least so many versions
orphanDays: 3                # files that belong to nothing are deleted once they are so old
statistics: [customer_id]    # columns whose distinct values are counted for the query planners
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, ValidationError

from cartlake.contracts.faults import Faults
from cartlake.contracts.odcs import Element

LEAST_ORPHAN_DAYS = 3
"""A write may be at work for hours, and its files belong to nothing until it commits."""


_UNORDERED = ("array", "decimal")
"""Types that Iceberg puts into no Z order."""


class Maintenance(Element):
    """How one table is maintained. `statistics` left out stands for the key and the columns that refer to others."""

    enabled: bool = True
    target_file_mb: int = Field(default=128, ge=1, le=4096)
    min_input_files: int = Field(default=5, ge=2)
    small_file_ratio: float = Field(default=0.3, gt=0, le=1)
    delete_ratio: float = Field(default=0.1, gt=0, le=1)
    z_order_by: tuple[str, ...] = ()
    keep_snapshots_days: float = Field(default=5, ge=1)
    min_snapshots: int = Field(default=5, ge=1)
    orphan_days: float = Field(default=LEAST_ORPHAN_DAYS, ge=LEAST_ORPHAN_DAYS)
    statistics: tuple[str, ...] | None = None

    @property
    def target_bytes(self) -> int:
        return self.target_file_mb * 1024**2

    @property
    def small_bytes(self) -> int:
        """A file below this is small: three quarters of the target, as Iceberg's own rewriting has it."""
        return self.target_bytes * 3 // 4


def maintenance_of(said: Any, types: Mapping[str, str], where: str, faults: Faults) -> Maintenance:
    """Read the property; the defaults, and faults, when it makes no sense. `types` holds the type of every column."""
    where = f"{where}.cartlake.maintenance"
    try:
        settings = Maintenance.model_validate(said)
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
    if len(settings.z_order_by) == 1:
        yield "zOrderBy", list(settings.z_order_by), "one column is sorted by: use cartlake.sortOrder"
