"""OpenLineage events as JSON objects, by version 2 of its object model: https://openlineage.io/spec/2-0-2."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from cartlake.lineage.model import Check, EventKind, LineageDataset, LineageRun, SourceColumn, TableSources

Facet: TypeAlias = dict[str, Any]
Places: TypeAlias = Mapping[str, tuple[str, str]]
"""Namespace and name of the datasets of a run, by their tables or, for files, their names."""

RUN_NAMESPACE: Final = uuid.UUID("9b3d9a52-6c0e-5f0e-8f57-3a6f0a5d2f11")
"""OpenLineage identifies a run by a UUID: it is derived from the run id, so that a run always has the same one."""

PRODUCER: Final = "urn:cartlake"
"""URI of the software that produced an event, which OpenLineage requires."""

SPEC: Final = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
RUN_FACET: Final = "urn:cartlake:schema:CartlakeRunFacet:1"
"""The schema of the facet `cartlake_run`, which is described in docs/lineage.md."""

_FACETS: Final = "https://openlineage.io/spec/facets"
_VERSIONS: Final = {
    "ColumnLineageDatasetFacet": "1-2-0",
    "DataQualityAssertionsDatasetFacet": "1-1-0",
    "DatasetVersionDatasetFacet": "1-0-1",
    "ErrorMessageRunFacet": "1-0-1",
    "InputStatisticsInputDatasetFacet": "1-0-0",
    "JobTypeJobFacet": "2-0-4",
    "NominalTimeRunFacet": "1-0-1",
    "OutputStatisticsOutputDatasetFacet": "1-0-2",
    "ParentRunFacet": "1-2-0",
    "ProcessingEngineRunFacet": "1-1-1",
    "SchemaDatasetFacet": "1-2-0",
}
_INDIRECT: Final = frozenset({"CONDITIONAL", "WINDOW", "JOIN", "FILTER", "GROUP_BY", "SORT"})


def uuid_of(name: str) -> str:
    """Return the UUID by which OpenLineage knows a run or an execution: always the same for a name."""
    return str(uuid.uuid5(RUN_NAMESPACE, name))


def to_line(event: Mapping[str, Any]) -> str:
    """Return an event as one line of JSON."""
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False) + "\n"


def run_event(run: LineageRun, kind: EventKind, namespace: str) -> dict[str, Any]:
    """Return an event of a run, whose job is in `namespace`. A START says nothing of how the run ended."""
    started = kind is EventKind.START
    places = {one.table or one.name: (one.namespace, one.name) for one in (*run.inputs, *run.outputs)}
    return {
        "eventTime": run.started_at if started else run.ended_at,
        "eventType": str(kind),
        "producer": PRODUCER,
        "schemaURL": SPEC,
        "run": {"runId": run.run_uuid, "facets": _run_facets(run, kind)},
        "job": {
            "namespace": namespace,
            "name": run.job,
            "facets": {
                "jobType": _facet(
                    "JobTypeJobFacet", processingType="BATCH", integration="CARTLAKE", jobType=run.workflow.upper()
                )
            },
        },
        "inputs": [_input(one) for one in run.inputs],
        "outputs": [_output(one, places, ended=not started) for one in run.outputs],
    }


def _run_facets(run: LineageRun, kind: EventKind) -> dict[str, Facet]:
    facets = {
        "nominalTime": _facet("NominalTimeRunFacet", nominalStartTime=run.nominal_at),
        "cartlake_run": _cartlake_run(run, kind),
    }
    if run.execution_arn:
        facets["parent"] = _parent(run.execution_arn)
    if kind is EventKind.START:
        return facets
    if run.engine:
        facets["processing_engine"] = _facet("ProcessingEngineRunFacet", name=run.engine[0], version=run.engine[1])
    if run.error is not None:
        facets["errorMessage"] = _facet("ErrorMessageRunFacet", message=run.error, programmingLanguage="Python")
    return facets


def _cartlake_run(run: LineageRun, kind: EventKind) -> Facet:
    facet: Facet = {"_producer": PRODUCER, "_schemaURL": RUN_FACET, "runId": run.run_id, "workflow": run.workflow}
    facet["startedAt"] = run.started_at
    if kind is not EventKind.START:
        facet |= {"endedAt": run.ended_at, **run.about}
    return facet


def _parent(execution_arn: str) -> Facet:
    """The execution of the state machine: `arn:aws:states:<region>:<account>:execution:<machine>:<name>`."""
    *place, _, machine, _ = execution_arn.split(":")
    job = {"namespace": ":".join(place), "name": machine}
    return _facet("ParentRunFacet", run={"runId": uuid_of(execution_arn)}, job=job)


def _input(dataset: LineageDataset) -> dict[str, Any]:
    statistics = _known(rowCount=dataset.rows, size=dataset.size)
    facets = {"inputStatistics": _facet("InputStatisticsInputDatasetFacet", **statistics)} if statistics else {}
    return {**_named(dataset), "facets": _dataset_facets(dataset), "inputFacets": facets}


def _output(dataset: LineageDataset, places: Places, *, ended: bool) -> dict[str, Any]:
    facets = _dataset_facets(dataset)
    if dataset.sources is not None:
        facets["columnLineage"] = _column_lineage(dataset.sources, places)
    if dataset.checks:
        assertions = [_assertion(check) for check in dataset.checks]
        facets["dataQualityAssertions"] = _facet("DataQualityAssertionsDatasetFacet", assertions=assertions)
    statistics = _known(rowCount=dataset.rows, size=dataset.size) if ended else {}
    written = {"outputStatistics": _facet("OutputStatisticsOutputDatasetFacet", **statistics)} if statistics else {}
    return {**_named(dataset), "facets": facets, "outputFacets": written}


def _named(dataset: LineageDataset) -> dict[str, str]:
    return {"namespace": dataset.namespace, "name": dataset.name}


def _dataset_facets(dataset: LineageDataset) -> dict[str, Facet]:
    facets: dict[str, Facet] = {}
    if dataset.version:
        facets["version"] = _facet("DatasetVersionDatasetFacet", datasetVersion=dataset.version)
    if dataset.schema:
        fields = [{"name": name, "type": kind} for name, kind in dataset.schema]
        facets["schema"] = _facet("SchemaDatasetFacet", fields=fields)
    if dataset.sha256:
        about = {"_producer": PRODUCER, "_schemaURL": "urn:cartlake:schema:CartlakeFileDatasetFacet:1"}
        facets["cartlake_file"] = {**about, "sha256": dataset.sha256}
    return facets


def _column_lineage(sources: TableSources, places: Places) -> Facet:
    fields = {name: {"inputFields": _input_fields(of, places)} for name, of in sources.columns.items() if of}
    return _facet("ColumnLineageDatasetFacet", fields=fields, dataset=_input_fields(sources.rows, places))


def _input_fields(sources: Sequence[SourceColumn], places: Places) -> list[dict[str, Any]]:
    """Each column once, with every way it is used; those of datasets that the run did not read are left out."""
    used: dict[tuple[str, str], list[SourceColumn]] = {}
    for source in sources:
        used.setdefault((source.table, source.column), []).append(source)
    return [
        {
            "namespace": places[table][0],
            "name": places[table][1],
            "field": column,
            "transformations": _transformations(ways),
        }
        for (table, column), ways in used.items()
        if table in places
    ]


def _transformations(ways: Iterable[SourceColumn]) -> list[dict[str, Any]]:
    return [{"type": "INDIRECT" if way.kind in _INDIRECT else "DIRECT", "subtype": way.kind} for way in ways]


def _assertion(check: Check) -> dict[str, Any]:
    severity = "warn" if check.severity == "warning" else check.severity
    measured = None if check.measured is None else f"{check.measured:.15g}"
    said = _known(expected=check.expected or None, actual=measured)
    return {"assertion": check.rule, "name": check.rule, "success": check.passed, "severity": severity, **said}


def _facet(schema: str, **fields: Any) -> Facet:
    url = f"{_FACETS}/{_VERSIONS[schema]}/{schema}.json#/$defs/{schema}"
    return {"_producer": PRODUCER, "_schemaURL": url, **fields}


def _known(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
