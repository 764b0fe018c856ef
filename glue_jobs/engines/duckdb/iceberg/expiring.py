"""Old versions of a table removed as part of a run, with the files that only they need.

Every commit adds a version to the metadata file, which every reader and writer loads whole: 1,440 versions take a
tenth of a second each time. Spark maintenance does the same for tables of many files.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table.update import AssertRefSnapshotId, RemoveSnapshotsUpdate

from cartlake.aws.clients import aws_errors, client
from cartlake.aws.objects import S3Uri
from cartlake.contracts.custom_properties.maintenance import MAX_SNAPSHOTS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pyiceberg.manifest import ManifestFile
    from pyiceberg.table import Table
    from pyiceberg.table.metadata import TableMetadata
    from pyiceberg.table.snapshots import Snapshot

log = logging.getLogger(__name__)

YOUNGEST: Final = timedelta(hours=1)
"""Versions younger than this stay: a query may read them, which takes 30 minutes at most in Athena."""
AT_ONCE: Final = 20
"""So many versions are removed together, because it costs a commit and a look at the manifests of all that stay."""
MOST_FILES: Final = 5_000
"""Of tables with more data files than this, Spark maintenance removes old versions."""
_READERS: Final = 16
_DELETES_A_REQUEST: Final = 1_000


def surplus(metadata: TableMetadata, now: datetime) -> list[int]:
    """Return the ids of the versions to remove, oldest first: those beyond `maxSnapshots`, once there are enough.

    A table without the property keeps all, as do branches and tags the versions they point at.
    """
    most = metadata.properties.get(MAX_SNAPSHOTS)
    if most is None:
        return []
    pinned = {ref.snapshot_id for ref in metadata.refs.values()}
    newest_first = sorted(metadata.snapshots, key=lambda one: (one.timestamp_ms, one.sequence_number or 0))[::-1]
    cutoff = (now - YOUNGEST).timestamp() * 1000
    old = [one.snapshot_id for one in newest_first[int(most) :] if one.timestamp_ms < cutoff]
    found = [snapshot_id for snapshot_id in reversed(old) if snapshot_id not in pinned]
    return found if len(found) >= AT_ONCE else []


def expire(table: Table, now: datetime | None = None) -> int:
    """Remove old versions of a table, if there are enough of them, and the files that no version needs any more.

    Returns how many files were deleted. When another writer commits at the same moment, nothing is done: the next run
    does it. Files are listed before the commit, which fails if a branch or tag moved since, and deleted after it.
    """
    metadata, ids = table.metadata, set(surplus(table.metadata, now or datetime.now(UTC)))
    if not ids or _files(table) > MOST_FILES:
        return 0
    unneeded = _unneeded(table, ids)
    unmoved = tuple(AssertRefSnapshotId(ref=name, snapshot_id=ref.snapshot_id) for name, ref in metadata.refs.items())
    try:
        table.catalog.commit_table(table, unmoved, (RemoveSnapshotsUpdate(snapshot_ids=sorted(ids)),))
    except CommitFailedException:
        log.info("%s was committed to meanwhile; its old versions are removed by the next run", table.name())
        return 0
    table.refresh()  # who loaded it goes on with it
    _delete(unneeded)
    return len(unneeded)


def _files(table: Table) -> int:
    current = table.current_snapshot()
    counted = current.summary.additional_properties if current and current.summary else {}
    return int(counted.get("total-data-files", 0))


def _unneeded(table: Table, ids: Collection[int]) -> list[str]:
    """The files below the table's folder that only these versions need: manifest lists, manifests, data and deletes."""
    gone = [one for one in table.metadata.snapshots if one.snapshot_id in ids]
    stay = [one for one in table.metadata.snapshots if one.snapshot_id not in ids]
    with ThreadPoolExecutor(_READERS) as pool:
        kept = _by_path(_lists(pool, table, stay))
        dropped = {path: one for path, one in _by_path(_lists(pool, table, gone)).items() if path not in kept}
        live = set[str]().union(*pool.map(lambda one: _live(table, one), kept.values()))
        held = set[str]().union(*pool.map(lambda one: _live(table, one), dropped.values()))
    lists = {one.manifest_list for one in gone} - {one.manifest_list for one in stay}
    folder = f"{table.location().rstrip('/')}/"
    return sorted(path for path in {*lists, *dropped, *(held - live)} if path and path.startswith(folder))


def _lists(pool: ThreadPoolExecutor, table: Table, snapshots: Iterable[Snapshot]) -> Iterable[list[ManifestFile]]:
    return pool.map(lambda one: one.manifests(table.io), snapshots)


def _by_path(lists: Iterable[list[ManifestFile]]) -> dict[str, ManifestFile]:
    return {manifest.manifest_path: manifest for manifests in lists for manifest in manifests}


def _live(table: Table, manifest: ManifestFile) -> set[str]:
    return {entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)}


def _delete(paths: Collection[str]) -> None:
    uris = [S3Uri.parse(path) for path in paths]
    for start in range(0, len(uris), _DELETES_A_REQUEST):
        some = uris[start : start + _DELETES_A_REQUEST]
        for bucket in {uri.bucket for uri in some}:
            keys = [{"Key": uri.key} for uri in some if uri.bucket == bucket]
            with aws_errors():
                client("s3").delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
