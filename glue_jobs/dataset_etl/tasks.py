"""The two tasks of a run, on any engine: load its files, and after a backfill supersede what was quarantined before.

The Glue job and the light function both call this, each with its own engine.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from cartlake import contracts
from cartlake.aws import s3
from cartlake.erasure.tombstones import Tombstones
from cartlake.errors import TerminalError
from cartlake.runs.documents import EngineChoice, EngineName, Manifest, SupersedeQuarantineReport, TransformReport
from cartlake.runs.folder import Step
from cartlake.times import utc_now
from glue_jobs.dataset_etl.pipeline import load_files
from glue_jobs.dataset_etl.quarantine import supersede_quarantine
from glue_jobs.dataset_etl.run import Run
from glue_jobs.engines.base import Engine
from glue_jobs.shared.phases import Phases

Report: TypeAlias = TransformReport | SupersedeQuarantineReport


@dataclass(frozen=True, slots=True)
class TableNames:
    """How the tables of this environment are called: `database.table` below the catalog, databases with a prefix."""

    catalog: str
    database_prefix: str
    quarantine: str
    quality: str


def read_manifest(uri: str, run_id: str, dataset: str) -> Manifest:
    """Return the manifest of a run. Raises TerminalError for that of another run."""
    manifest = s3.read_model(uri, Manifest)
    if (manifest.run_id, manifest.dataset) != (run_id, dataset):
        raise TerminalError(f"{uri} is of run {manifest.run_id}, not of {run_id}.")
    return manifest


def open_run(manifest: Manifest, engine: Engine, names: TableNames, tombstones: Tombstones | None = None) -> Run:
    """Return the inputs of a run. `tombstones` are those of people who were erased."""
    contract = contracts.load(manifest.dataset)
    prefix = f"{names.catalog}.{names.database_prefix}"
    return Run(
        engine=engine,
        manifest=manifest,
        contract=contract,
        database_prefix=prefix,
        target=f"{prefix}{contract.table.physical_name}",
        quarantine=f"{names.catalog}.{names.quarantine}",
        quality=f"{names.catalog}.{names.quality}",
        started_at=utc_now(),
        phases=Phases(),
        tombstones=tombstones,
    )


def do_step(step: Step, run: Run) -> Report:
    """Do one step of a run and return its report. Raises TerminalError for a step that is of another job."""
    if step not in _STEPS:
        raise TerminalError(f"{step} is no step of a load; those are {' and '.join(_STEPS)}.")
    return _STEPS[step](run)


def done_by(engine: EngineName, report: Report, manifest: Manifest, cost_usd: float) -> Report:
    """Return the report with the engine that did it, why that one, and what the attempt cost in USD."""
    if not isinstance(report, TransformReport):
        return report
    reason = manifest.engine.reason if manifest.engine else "no engine was chosen"
    used = EngineChoice(engine=engine, reason=reason)
    return report.model_copy(update={"engine": used, "cost_usd": cost_usd})


def answer_of(report: Report) -> Mapping[str, Any]:
    """Return the part of a report that the state machine gets."""
    if isinstance(report, TransformReport):
        return {"rows": report.rows.model_dump(), "snapshot_id": report.snapshot_id}
    return report.model_dump()


_STEPS: Final[Mapping[Step, Callable[[Run], Report]]] = {
    Step.TRANSFORM: load_files,
    Step.SUPERSEDE_QUARANTINE: supersede_quarantine,
}
