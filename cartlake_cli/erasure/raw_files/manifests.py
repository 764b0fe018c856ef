"""Manifests of past runs name the new version of a file, so that a ledger that is rebuilt from them knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cartlake.aws import s3
from cartlake.runs.documents import Manifest
from cartlake.runs.folder import RunFolder

if TYPE_CHECKING:
    from cartlake.ledger import FileRecord
    from cartlake.runs.documents import ManifestFile


def correct_manifests(bucket: str, file: FileRecord) -> None:
    """Write the manifests of all runs that read the file anew, if they are still there. May be repeated."""
    runs = {load.run_id for load in file.loads} | ({file.run_id} if file.run_id else set())
    for uri in sorted(RunFolder(bucket, run_id).manifest for run_id in runs):
        manifest = s3.find_model(uri, Manifest)
        if manifest is not None:
            files = [_corrected(one, file) if one.file_id == file.file_id else one for one in manifest.files]
            s3.write_text(uri, manifest.model_copy(update={"files": files}).model_dump_json(indent=2))


def _corrected(one: ManifestFile, file: FileRecord) -> ManifestFile:
    found = {"version_id": file.version_id, "etag": file.etag, "size": file.size, "sha256": file.sha256 or one.sha256}
    return one.model_copy(update={**found, "expanded_size": file.expanded_size, "row_estimate": file.row_estimate})
