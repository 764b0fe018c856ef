"""First step of the state machine: all pending files become one batch with a manifest.

A run that was started within the gather window of its dataset is told to wait first.
The next slice of a backfill goes first: its files were loaded before, and stay LOADED meanwhile.
It may be invoked again after a timeout or a crash. What this run has claimed already stays in its manifest.
"""

from collections.abc import Sequence

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from cartlake import contracts
from cartlake.aws import s3
from cartlake.contracts import Contract
from cartlake.ledger import FileRecord, FileState, LockHeldError, RunRecord, RunState
from cartlake.lineage.model import LineageRun
from cartlake.lineage.runs import Catalog, InputFile, ingest_run
from cartlake.runs.documents import EngineChoice, Manifest, ManifestFile
from cartlake.runs.engine_choice import runner_of
from cartlake.runs.folder import Step
from cartlake.runs.ids import audit_branch
from cartlake.runs.slicing import SizedFile
from cartlake.times import stamp, utc_now
from lambdas.batch_claimer.adapters import current_versions
from lambdas.batch_claimer.backfills import claim_slice, part_of, read_again
from lambdas.batch_claimer.domain import MAX_FILES, manifest_entry, still_there
from lambdas.batch_claimer.engines import choose, to_take, too_large_batch
from lambdas.batch_claimer.settings import settings
from lambdas.shared.clients import ledger
from lambdas.shared.entry import Answer, entry, logger, tracer
from lambdas.shared.lineage import catalog_of, write_lineage
from lambdas.shared.waiting import Waiting, begin

settings()  # a bad environment fails the cold start


class Request(BaseModel):
    dataset: str
    run_id: str
    execution: Waiting = Waiting()


@entry(Request)
def lambda_handler(request: Request, context: LambdaContext) -> Answer:
    dataset, run_id = request.dataset, request.run_id
    contract = contracts.load(dataset)
    if request.execution.is_to_wait:
        return {"wait_seconds": request.execution.wait_seconds, "file_count": 0}
    if request.execution.has_waited and not begin(dataset, run_id):
        return {"wait_seconds": 0, "file_count": 0}  # whoever has the lock starts the next run when it is released
    take_lock(dataset, run_id)
    run = claim_slice(contract, run_id)
    too_large = too_large_batch(contract)
    files = files_of(contract, run_id, run, too_large)
    part = str(run.slice) if run else ""
    logger.info("batch_claimed", dataset=dataset, run_id=run_id, files=len(files), backfill=part)
    folder = settings().folder(run_id)
    answer: Answer = {
        "dataset": dataset,
        "run_id": run_id,
        "wait_seconds": 0,
        "file_count": len(files),
        "backfill": run is not None,
        "manifest_uri": "",
        "report_uri": folder.report(Step.TRANSFORM),
        "transform_job": settings().transform_job,
        "branch": audit_branch(run_id),
        "table": contract.table.physical_name,
    }
    if files:
        engine = choose(contract, run_id, files, too_large, backfill=run is not None)
        answer["runner"] = runner_of(engine, settings().spark_runner)
        answer["manifest_uri"] = write_manifest(folder.manifest, manifest(contract, run_id, files, run, engine))
        write_lineage(run_id, lambda: started(run_id, files, catalog_of(context.invoked_function_arn)))
    return answer


def started(run_id: str, files: Sequence[ManifestFile], catalog: Catalog) -> LineageRun | None:
    """Return the lineage of the run as it begins; None for one that is not at work any more."""
    run = ledger().runs.get(run_id)
    if run is None or run.state is not RunState.RUNNING:
        return None
    return ingest_run(run, map(InputFile.of, files), None, catalog)


def take_lock(dataset: str, run_id: str) -> None:
    """Raises LockHeldError when another run works on the dataset."""
    if not ledger().locks.acquire(dataset, run_id):
        raise LockHeldError(
            f"Run {run_id} may not work on dataset {dataset}: another run holds it. `lake runs` shows which."
        )


def files_of(
    contract: Contract, run_id: str, backfilling: RunRecord | None, too_large: int | None
) -> list[ManifestFile]:
    """Claim the files of a run: those of its slice, else files that wait."""
    if backfilling and backfilling.backfill and backfilling.slice:
        return read_again(run_id, backfilling.backfill, backfilling.slice)
    return [manifest_entry(file) for file in claim(contract, run_id, too_large)]


def claim(contract: Contract, run_id: str, too_large: int | None) -> list[FileRecord]:
    """Claim pending files, as many as one run should load, and return all files of this run, oldest first."""
    looked_at: set[str] = set()
    taken = [SizedFile.of(file) for file in claimed_by(run_id)]
    while len(taken) < MAX_FILES:
        # When a file is set aside, a duplicate of it may become pending in its place, so look until there is none.
        pending = ledger().files.pending(contract.name, limit=MAX_FILES - len(taken))
        waiting = [file for file in pending if file.file_id not in looked_at]
        room = to_take(contract, [*taken, *map(SizedFile.of, waiting)], too_large) - len(taken)
        if not waiting or room <= 0:
            break
        looked_at |= {file.file_id for file in waiting[:room]}
        taken += map(SizedFile.of, claim_some(run_id, waiting[:room]))
    return claimed_by(run_id)


@tracer.capture_method(capture_response=False)
def claim_some(run_id: str, waiting: Sequence[FileRecord]) -> list[FileRecord]:
    """Claim the files whose objects are still there, and return them; set the others aside."""
    fit: list[FileRecord] = []
    for file, stored in current_versions(waiting):
        unfit = still_there(file, stored)
        if unfit is None:
            fit.append(file)
        else:
            kept = ledger().files.set_aside(file, unfit.reason, unfit.detail)
            logger.warning("file_set_aside", key=file.key, file_id=file.file_id, reason=unfit.reason, state=kept.state)
    if fit:
        lock = ledger().locks.get(fit[0].dataset)
        ledger().runs.start(run_id, lock.execution_arn if lock else None)
        ledger().runs.claim(run_id, fit)
    return fit


def claimed_by(run_id: str) -> list[FileRecord]:
    return [file for file in ledger().runs.files(run_id) if file.state is FileState.CLAIMED and file.run_id == run_id]


def manifest(
    contract: Contract,
    run_id: str,
    files: Sequence[ManifestFile],
    backfilling: RunRecord | None,
    engine: EngineChoice,
) -> Manifest:
    return Manifest(
        run_id=run_id,
        dataset=contract.name,
        contract_version=contract.version,
        created_at=stamp(utc_now()),
        files=list(files),
        backfill=backfilling is not None,
        part=part_of(backfilling) if backfilling else None,
        newest_copy=ledger().copies.newest(contract.name) if contract.table.full_copy else "",
        engine=engine,
    )


def write_manifest(uri: str, written: Manifest) -> str:
    s3.write_text(uri, written.model_dump_json(indent=2))
    return uri
