"""The lineage of a run, from its record and its documents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cartlake import contracts
from cartlake.aws.objects import S3Uri
from cartlake.contracts import Contract, Table
from cartlake.ledger.models import FileRecord, RunRecord, RunState
from cartlake.lineage.checks import checks_of
from cartlake.lineage.columns import compiled, folder_of, of_files
from cartlake.lineage.events import uuid_of
from cartlake.lineage.model import LineageDataset, LineageRun, TableSources
from cartlake.maintenance.documents import MaintenanceReport
from cartlake.refresh.graph import upstreams_of
from cartlake.runs.documents import EngineChoice, ManifestFile, RefreshReport, TransformReport
from cartlake.runs.ids import RUN_ID, Workflow


@dataclass(frozen=True, slots=True)
class Catalog:
    """The Glue catalog: its ARN without a resource, and the prefix of the lake's databases."""

    arn: str
    database_prefix: str = ""

    def table(self, name: str, **known: object) -> LineageDataset:
        """Return a table as a dataset by its name in the contract, `database.table`."""
        database, bare = name.split(".")[-2:]
        place = f"table/{self.database_prefix}{database}/{bare}"
        return LineageDataset(self.arn, place, table=f"{database}.{bare}", **known)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that a run reads, `size` in bytes."""

    bucket: str
    key: str
    size: int
    version_id: str | None
    sha256: str | None
    file_id: str

    @classmethod
    def of(cls, file: FileRecord | ManifestFile) -> "InputFile":
        """Return the file of a record of the ledger, or of an entry of a manifest."""
        place = S3Uri.parse(file.uri if isinstance(file, FileRecord) else file.source_file)
        return cls(place.bucket, place.key, file.size, file.version_id, file.sha256, file.file_id)


def ingest_run(
    run: RunRecord, files: Iterable[InputFile], report: TransformReport | None, catalog: Catalog
) -> LineageRun:
    """Return the lineage of a run that loads files: of one that is at work without a report."""
    read = {one.file_id: one.rows_read for one in report.files} if report else {}
    each = [
        LineageDataset(
            f"s3://{one.bucket}",
            one.key,
            rows=read.get(one.file_id),
            size=one.size,
            version=one.version_id,
            sha256=one.sha256,
        )
        for one in files
    ]
    contract = contracts.load(str(run.dataset))
    inputs = (*each, *_folder(contract, each))
    done = report if report and not run.error else None
    output = catalog.table(
        contract.table.physical_name,
        rows=done.rows.published if done else None,
        size=done.size if done else None,
        version=done.snapshot_id if done else None,
        schema=_schema(contract.table),
        sources=of_files(contract),
        checks=checks_of(contract.table, report) if report else (),
    )
    job = f"{Workflow.INGEST}.{run.dataset}"
    return _lineage_run(run, job, report.engine if report else run.engine, inputs, [output], _rows(run, report))


def refresh_run(run: RunRecord, planned: Sequence[str], report: RefreshReport | None, catalog: Catalog) -> LineageRun:
    """Return the lineage of a refresh or forecast. One at work is to build all of `planned`, the tables of its plan.

    Of one that has ended, the tables that it rebuilt, and those that they are built from.
    """
    known = {table.physical_name: table for contract in contracts.load_all() for table in contract.tables}
    rebuilt = [one for one in report.tables if one.outcome == "rebuilt"] if report else []
    names = [one.table for one in rebuilt] if run.ended_at else list(planned)
    done = {one.table: one for one in rebuilt}
    versions = {name: version for one in rebuilt for name, version in one.read.items()}
    read = dict.fromkeys(up for name in names if name in known for up in _upstreams(known[name]))
    inputs = [catalog.table(name, version=versions.get(name)) for name in read]
    outputs = [
        catalog.table(
            name,
            rows=done[name].rows if name in done else None,
            size=done[name].size if name in done else None,
            version=done[name].snapshot_id if name in done else None,
            schema=_schema(known[name]) if name in known else (),
            sources=_built_sources(name),
        )
        for name in names
    ]
    return _lineage_run(run, run.workflow, report.engine if report else run.engine, inputs, outputs, {})


def maintenance_run(
    run: RunRecord, planned: Sequence[str], report: MaintenanceReport | None, catalog: Catalog
) -> LineageRun:
    """Return the lineage of maintenance: it reads and writes the same rows of the same tables."""
    names = [one.table for one in report.tables if one.done] if report else list(planned)
    sizes = {one.table: one.after for one in report.tables if one.after} if report else {}
    tables = [
        catalog.table(name, rows=sizes[name].rows, size=sizes[name].size) if name in sizes else catalog.table(name)
        for name in names
    ]
    about = {"outcomes": {one.table: one.outcome for one in report.tables}} if report else {}
    return _lineage_run(run, Workflow.MAINTENANCE, EngineChoice(engine="spark", reason=""), tables, tables, about)


def _folder(contract: Contract, files: Sequence[LineageDataset]) -> list[LineageDataset]:
    """The folder of a dataset, which has the columns of its files: each of thousands of files would repeat them."""
    schema = tuple((column.name, column.type) for column in contract.table.file_columns)
    buckets = list(dict.fromkeys(one.namespace for one in files))[:1]
    counted = [one.rows for one in files if one.rows is not None]
    return [
        LineageDataset(
            bucket,
            folder_of(contract.name),
            rows=sum(counted) if counted else None,
            size=sum(one.size or 0 for one in files),
            schema=schema,
        )
        for bucket in buckets
    ]


def _schema(table: Table) -> tuple[tuple[str, str], ...]:
    return tuple((column.name, column.type) for column in table.columns)


def _upstreams(table: Table) -> list[str]:
    return [upstream.table for upstream in upstreams_of(table)]


def _built_sources(name: str) -> TableSources | None:
    found = compiled().tables.get(name)
    return found.sources if found else None


def _rows(run: RunRecord, report: TransformReport | None) -> dict[str, object]:
    about: dict[str, object] = {"backfill": run.backfill is not None}
    if report:
        about["rows"] = report.rows.model_dump()
    return about


def _lineage_run(  # noqa: PLR0913, PLR0917 - what a run consists of
    run: RunRecord,
    job: str,
    engine: EngineChoice | None,
    inputs: Sequence[LineageDataset],
    outputs: Sequence[LineageDataset],
    about: Mapping[str, object],
) -> LineageRun:
    ended = run.state is not RunState.RUNNING
    cost = {"costUsd": run.cost_usd} if run.cost_usd is not None else {}
    return LineageRun(
        run_id=run.run_id,
        run_uuid=uuid_of(run.run_id),
        workflow=run.workflow,
        job=job,
        nominal_at=_nominal(run),
        started_at=run.started_at,
        ended_at=(run.ended_at or run.started_at) if ended else None,
        error=f"{run.error or 'Unknown'}: {run.cause or ''}" if run.state is RunState.FAILED else None,
        execution_arn=run.execution_arn,
        engine=_engine(engine),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        about={**about, **cost},
    )


def _nominal(run: RunRecord) -> str:
    """The time in the id of a run, at which it was asked for."""
    match = RUN_ID.fullmatch(run.run_id)
    if match is None:
        return run.started_at
    said = match["started"]
    return f"{said[:4]}-{said[4:6]}-{said[6:11]}:{said[11:13]}:{said[13:]}Z"


def _engine(engine: EngineChoice | None) -> tuple[str, str] | None:
    if engine is None:
        return None
    return compiled().engines.get(engine.engine, (engine.engine, "unknown"))
