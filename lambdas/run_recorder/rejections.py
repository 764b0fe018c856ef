"""Take the files that a run cannot load out of it, so that the state machine repeats it with the others.

The run keeps its id: its branch, its quarantined rows and its measurements are replaced by those of the next attempt,
and the ledger says of every file it claimed what became of it.
"""

from typing import Literal

from pydantic import BaseModel

from cartlake.aws import s3
from cartlake.events import FileRejected
from cartlake.ledger import FileRecord, FileState
from cartlake.runs.bad_files import BadFile, BadFiles
from cartlake.runs.documents import Manifest
from lambdas.run_recorder.settings import settings
from lambdas.shared.clients import event_bus, ledger
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, logger
from lambdas.shared.quarantine import Explanation, Quarantine


class RejectFiles(BaseModel):
    """A step of a run failed because of the files that it names in the run's folder."""

    action: Literal["reject_files"]
    run_id: str


def reject_files(request: RejectFiles) -> Answer:
    """Reject these files, and write the manifest without them; may be repeated.

    Returns how many were rejected, and as `again` whether others are left to be loaded. A backfill rejects none: the
    rows of its files are in the table, and all of them stay as they are.
    """
    folder = settings().folder(request.run_id)
    manifest = s3.read_model(folder.manifest, Manifest)
    if manifest.backfill:
        return {"rejected": 0, "again": False}
    bad = {file.file_id: file for file in s3.read_model(folder.bad_files, BadFiles).files}
    ours = [file for file in ledger().runs.files(request.run_id) if file.run_id == request.run_id]
    for file in ours:
        if file.file_id in bad and file.state in {FileState.CLAIMED, FileState.REJECTED}:
            reject(request.run_id, manifest, file, bad[file.file_id])
    claimed = {file.file_id for file in ours if file.state is FileState.CLAIMED} - bad.keys()
    left = [file for file in manifest.files if file.file_id in claimed]
    if left:
        without = {"files": left, "left_out": manifest.left_out + len(manifest.files) - len(left)}
        s3.write_text(folder.manifest, manifest.model_copy(update=without).model_dump_json(indent=2))
    logger.warning("files_rejected", run_id=request.run_id, rejected=len(bad), left=len(left))
    return {"rejected": len(bad), "again": bool(left)}


def reject(run_id: str, manifest: Manifest, file: FileRecord, bad: BadFile) -> None:
    """Copy a file to quarantine with its reason, record the verdict, and send its event: in this order.

    A call that is repeated finds the file REJECTED, and sends the event again.
    """
    quarantine = Quarantine(settings().quarantine_bucket)
    quarantine.reject(file, Explanation(bad.reason, bad.detail, manifest.contract_version, {"run_id": run_id}))
    kept = ledger().files.reject_claimed(file, run_id, bad.reason, bad.detail)
    logger.warning("file_rejected", key=file.key, file_id=file.file_id, reason=bad.reason, state=kept.state)
    if kept.state is not FileState.REJECTED:
        return  # a duplicate with the same content waits in its place
    event_bus().send(
        FileRejected(
            dataset=file.dataset,
            file_id=file.file_id,
            bucket=file.bucket,
            key=file.key,
            reason=bad.reason,
            message=bad.detail,
            reason_uri=quarantine.reason_uri(file),
        )
    )
    count(file.dataset, FilesRejected=1)
