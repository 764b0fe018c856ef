"""First step of the state machine: all pending files become one batch with a manifest.

A run that was started within the gather window of its dataset is told to wait first.
The next slice of a backfill goes first: its files were loaded before, and stay LOADED meanwhile.
It may be invoked again after a timeout or a crash. What this run has claimed already stays in its manifest.
"""

from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from cartlake import contracts
from cartlake.aws import s3
from cartlake.contracts import Contract
from cartlake.ledger import FileRecord, FileState, LockHeldError, RunRecord
from cartlake.runs.documents import EngineChoice, Manifest, ManifestFile
from cartlake.runs.engine_choice import choose_engine, load_size, runner_of, spark_only
from cartlake.runs.folder import Step
from cartlake.runs.ids import audit_branch
from cartlake.times import stamp, utc_now
from lambdas.batch_claimer.adapters import current_versions, stored_size
from lambdas.batch_claimer.backfills import claim_slice, part_of, read_again
from lambdas.batch_claimer.domain import MAX_FILES, looked_at, manifest_entry, still_there
from lambdas.batch_claimer.settings import settings
from lambdas.shared.clients import ledger
from lambdas.shared.counting import count
from lambdas.shared.entry import Answer, entry, logger, tracer

settings()  # a bad environment fails the cold start


class Execution(BaseModel):
    """The state of the execution. Of one that is to wait first, `wait_seconds`; `claim` once it has waited."""

    wait_seconds: int = 0
    claim: dict[str, Any] | None = None


class Request(BaseModel):
    dataset: str
    run_id: str
    execution: Execution = Execution()


@entry(Request)
def lambda_handler(request: Request, _context: LambdaContext) -> Answer:
    dataset, run_id = request.dataset, request.run_id
    contract = contracts.load(dataset)
    if seconds := request.execution.wait_seconds:
        if request.execution.claim is None:
            return {"wait_seconds": seconds, "file_count": 0}
        if not begin(dataset, run_id):
            return {"wait_seconds": 0, "file_count": 0}  # whoever has the lock starts the next run when it is released
    take_lock(dataset, run_id)
    run = claim_slice(contract, run_id)
    files = files_of(dataset, run_id, run)
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
        engine = choose(contract, run_id, files, backfill=run is not None)
        answer["runner"] = runner_of(engine, settings().spark_runner)
        answer["manifest_uri"] = write_manifest(folder.manifest, manifest(contract, run_id, files, run, engine))
    return answer


def begin(dataset: str, run_id: str) -> bool:
    """Take the lock for a run that has waited, and record that it waits no longer. Returns False if another has it.

    In this order, and before pending files are looked for: a file that finds neither starts a run of its own.
    """
    planned = ledger().next_runs.get(dataset)
    taken = ledger().locks.acquire(dataset, run_id)
    if taken and planned is not None and planned.run_id == run_id:
        ledger().locks.note_execution(dataset, run_id, planned.execution_arn)
    ledger().next_runs.begin(dataset, run_id)
    logger.info("run_has_waited", dataset=dataset, run_id=run_id, lock_taken=taken)
    return taken


def take_lock(dataset: str, run_id: str) -> None:
    """Raises LockHeldError when another run works on the dataset."""
    if not ledger().locks.acquire(dataset, run_id):
        raise LockHeldError(
            f"Run {run_id} may not work on dataset {dataset}: another run holds it. `lake runs` shows which."
        )


def files_of(dataset: str, run_id: str, backfilling: RunRecord | None) -> list[ManifestFile]:
    """Claim the files of a run: those of its slice, else files that wait."""
    if backfilling and backfilling.backfill and backfilling.slice:
        return read_again(run_id, backfilling.backfill, backfilling.slice)
    return [manifest_entry(file) for file in claim(dataset, run_id)]


def claim(dataset: str, run_id: str) -> list[FileRecord]:
    """Claim pending files, up to MAX_FILES, and return all files of this run, oldest first."""
    looked_at: set[str] = set()
    room = MAX_FILES - len(claimed_by(run_id))
    while room > 0:
        # When a file is set aside, a duplicate of it may become pending in its place, so look until there is none.
        waiting = [file for file in ledger().files.pending(dataset, limit=room) if file.file_id not in looked_at]
        if not waiting:
            break
        looked_at |= {file.file_id for file in waiting}
        room -= claim_some(run_id, waiting)
    return claimed_by(run_id)


@tracer.capture_method(capture_response=False)
def claim_some(run_id: str, waiting: Sequence[FileRecord]) -> int:
    """Claim those whose objects are still there, set the others aside, and return how many were to be claimed."""
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
    return len(fit)


def claimed_by(run_id: str) -> list[FileRecord]:
    return [file for file in ledger().runs.files(run_id) if file.state is FileState.CLAIMED and file.run_id == run_id]


@tracer.capture_method(capture_response=False)
def choose(contract: Contract, run_id: str, files: Sequence[ManifestFile], *, backfill: bool) -> EngineChoice:
    """Return the engine that loads the files, and put it on record."""
    limits, table = settings().limits, contract.table
    look_at = looked_at(table, stored_size(contract), limits, backfill=backfill)
    size = load_size(files, look_at, keys=not table.keys_keep_their_day)
    known = ledger().fallbacks.get(contract.name, utc_now())
    too_large = known.size if known else None
    chosen = choose_engine(size, limits, contract.engine, too_large=too_large, only_spark=spark_only(table))
    ledger().runs.chosen(run_id, chosen)
    count(contract.name, **{f"Runs{chosen.engine.title()}": 1})
    logger.info("engine_chosen", dataset=contract.name, run_id=run_id, **chosen.model_dump())
    return chosen


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
        engine=engine,
    )


def write_manifest(uri: str, written: Manifest) -> str:
    s3.write_text(uri, written.model_dump_json(indent=2))
    return uri
