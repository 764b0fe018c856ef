"""First step of the state machine: all files that wait become one batch with a manifest.

It may be invoked again after a timeout or a crash. Files this run has claimed already stay in its manifest.
"""

from collections.abc import Sequence

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from cartlake import contracts
from cartlake.ledger import FileRecord, FileState, LockHeldError
from cartlake.runs import Manifest, audit_branch
from cartlake.times import stamp, utc_now
from lambdas.batch_claimer.adapters import documents, ledger, raw_objects
from lambdas.batch_claimer.domain import MAX_FILES, manifest_entry, still_there
from lambdas.batch_claimer.settings import settings
from lambdas.shared.entry import Answer, entry, logger, tracer

settings()  # a bad environment fails the cold start


class Request(BaseModel):
    dataset: str
    run_id: str


@entry(Request)
def lambda_handler(request: Request, _context: LambdaContext) -> Answer:
    dataset, run_id = request.dataset, request.run_id
    contract = contracts.load(dataset)
    files = claim(dataset, run_id)
    logger.info("batch_claimed", dataset=dataset, run_id=run_id, files=len(files))
    folder = f"s3://{settings().artifacts_bucket}/runs/{run_id}"
    return {
        "dataset": dataset,
        "run_id": run_id,
        "file_count": len(files),
        "manifest_uri": write_manifest(f"{folder}/manifest.json", dataset, run_id, files) if files else "",
        "report_uri": f"{folder}/etl.json",
        "etl_job": settings().etl_job,
        "branch": audit_branch(run_id),
        "table": contract.table.physical_name,
    }


def claim(dataset: str, run_id: str) -> list[FileRecord]:
    """Claim what waits, up to MAX_FILES, and return all that this run has, oldest first."""
    if not ledger().acquire_lock(dataset, run_id):
        raise LockHeldError(
            f"Run {run_id} may not work on dataset {dataset}: another run holds it. `lake runs` shows which."
        )
    looked_at: set[str] = set()
    while room := MAX_FILES - len(mine := claimed_by(run_id)):
        # Setting a file aside may put a duplicate of it in its place, so look until nothing new waits.
        waiting = [file for file in ledger().pending(dataset, limit=room) if file.file_id not in looked_at]
        if not waiting:
            break
        looked_at |= {file.file_id for file in waiting}
        claim_some(run_id, waiting)
    return mine


@tracer.capture_method(capture_response=False)
def claim_some(run_id: str, waiting: Sequence[FileRecord]) -> None:
    fit: list[FileRecord] = []
    for file, stored in raw_objects().look(waiting):
        unfit = still_there(file, stored)
        if unfit is None:
            fit.append(file)
        else:
            kept = ledger().set_aside(file, unfit.reason, unfit.detail)
            logger.warning("file_set_aside", key=file.key, file_id=file.file_id, reason=unfit.reason, state=kept.state)
    if fit:
        lock = ledger().lock(fit[0].dataset)
        ledger().start_run(run_id, lock.execution_arn if lock else None)
        ledger().claim(run_id, fit)


def claimed_by(run_id: str) -> list[FileRecord]:
    return [file for file in ledger().run_files(run_id) if file.state is FileState.CLAIMED and file.run_id == run_id]


def write_manifest(uri: str, dataset: str, run_id: str, files: Sequence[FileRecord]) -> str:
    manifest = Manifest(
        run_id=run_id,
        dataset=dataset,
        contract_version=contracts.load(dataset).version,
        created_at=stamp(utc_now()),
        files=[manifest_entry(file) for file in files],
    )
    documents().write(uri, manifest.model_dump_json(indent=2))
    return uri
