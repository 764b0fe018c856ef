"""Which metadata file of an Iceberg table was the table, where the catalog that named it is gone. Pure rules.

A commit writes a new metadata file, numbered one higher than the file it follows, then has the catalog name it. Each
file logs the ones before it. A writer whose commit failed leaves a file behind that was never the table: no later file
logs it, and a file of the same number that was committed stands beside it, unless the writer was the last one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cartlake.tables.snapshots import MAIN, RUN_PROPERTY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

SLOWEST_COMMIT_MS: Final = 15 * 60 * 1000
"""Two files that end a history and were written further apart than this were not written by writers that competed: the
table was pointed back to an earlier file by hand, and the later file is the table."""


@dataclass(frozen=True, slots=True)
class MetadataFile:
    """One metadata file: `number` of its name, `updated_ms` when it was written, `main` the snapshot readers saw.

    `run` is the run that wrote that snapshot, None where it names none. `rows` is the total of the table, None where
    the writer did not store it. `earlier` are the URIs of the files before it, oldest first.
    """

    uri: str
    number: int
    table_uuid: str
    updated_ms: int
    main: int | None
    run: str | None
    rows: int | None
    earlier: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return the name of the file without its folder."""
        return self.uri.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Ranked:
    """The files of the newest table in a folder, best first, and what else lies there.

    `rivals` also end a history: writers whose commit failed left them. `others` are the newest files of other tables
    that were in the same folder before, `of_others` all their files.
    """

    files: tuple[MetadataFile, ...]
    rivals: tuple[MetadataFile, ...]
    others: tuple[MetadataFile, ...]
    of_others: tuple[MetadataFile, ...] = ()


def parsed(uri: str, number: int, content: Mapping[str, Any]) -> MetadataFile:
    """Return a metadata file from its JSON. Raises KeyError or TypeError for what is no metadata of Iceberg."""
    snapshots = {snapshot["snapshot-id"]: snapshot for snapshot in content.get("snapshots") or []}
    main = (content.get("refs") or {}).get(MAIN, {}).get("snapshot-id", content.get("current-snapshot-id"))
    summary = (snapshots.get(main) or {}).get("summary") or {}
    rows = int(summary["total-records"]) if "total-records" in summary else None
    return MetadataFile(
        uri=uri,
        number=number,
        table_uuid=str(content["table-uuid"]),
        updated_ms=int(content["last-updated-ms"]),
        main=None if main in (None, -1) else int(main),
        run=summary.get(RUN_PROPERTY),
        rows=None if rows is None else rows - int(summary.get("total-position-deletes") or 0),
        earlier=tuple(entry["metadata-file"] for entry in content.get("metadata-log") or []),
    )


def ranked(files: Iterable[MetadataFile], has_succeeded: Callable[[str], bool | None]) -> Ranked:
    """Return which files may be the table, best first.

    `has_succeeded` says of a run whether it is on record as succeeded, None where nothing is on record of it. A table
    with rows goes before an empty one, which was created after the other had left the catalog.
    """
    tables: defaultdict[str, list[MetadataFile]] = defaultdict(list)
    for file in files:
        tables[file.table_uuid].append(file)
    orders = [_of_one_table(found, has_succeeded) for found in tables.values()]
    orders.sort(key=lambda order: (order[0][0].main is not None, order[0][0].updated_ms), reverse=True)
    if not orders:
        return Ranked((), (), ())
    best, rivals = orders[0]
    others = [order[0] for order in orders[1:]]
    return Ranked(best, rivals, tuple(found[0] for found in others), tuple(file for found in others for file in found))


def _of_one_table(
    files: Sequence[MetadataFile], has_succeeded: Callable[[str], bool | None]
) -> tuple[tuple[MetadataFile, ...], tuple[MetadataFile, ...]]:
    logged = {uri for file in files for uri in file.earlier}
    by_uri = {file.uri: file for file in files}
    ends = [file for file in files if file.uri not in logged]
    newest = max(file.updated_ms for file in ends)
    last = [file for file in ends if newest - file.updated_ms <= SLOWEST_COMMIT_MS]
    last.sort(key=lambda file: (file.number, _trust(file, by_uri, has_succeeded), file.updated_ms), reverse=True)
    best = last[0]
    before = [by_uri[uri] for uri in reversed(best.earlier) if uri in by_uri]
    rest = sorted(
        (file for file in files if file not in (best, *before)),
        key=lambda file: (file.number, file.updated_ms),
        reverse=True,
    )
    # After the best one, what it logs: these were committed. Then what may not have been.
    return (best, *before, *rest), tuple(file for file in rest if file.number >= best.number)


def _trust(file: MetadataFile, by_uri: Mapping[str, MetadataFile], has_succeeded: Callable[[str], bool | None]) -> int:
    """Return 2 for a file by which a run published that succeeded, 0 for one that did not, 1 where none published."""
    parent = by_uri.get(file.earlier[-1]) if file.earlier else None
    if file.run is None or (parent is not None and parent.main == file.main):
        return 1
    succeeded = has_succeeded(file.run)
    return 1 if succeeded is None else 2 * succeeded
