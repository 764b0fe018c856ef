"""The rows of `ops.lineage`: one for each dataset that a run reads or writes, and at least one for each event."""

import json
from collections.abc import Iterator
from typing import Any

from cartlake.lineage.model import EventKind, LineageDataset, LineageRun, TableSources
from cartlake.times import parse


def to_lines(run: LineageRun, kind: EventKind) -> str:
    """Return the rows of an event as lines of JSON."""
    return "".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n" for row in rows(run, kind))


def rows(run: LineageRun, kind: EventKind) -> Iterator[dict[str, Any]]:
    """Yield the rows of an event. A run without datasets has one row, without a `direction`."""
    about = {
        "run_id": run.run_id,
        "run_uuid": run.run_uuid,
        "event_type": str(kind),
        "event_time": _moment(run.started_at if kind is EventKind.START else str(run.ended_at)),
        "workflow": run.workflow,
        "job": run.job,
        "engine": run.engine[0] if run.engine and kind is not EventKind.START else None,
        "execution_arn": run.execution_arn,
        "error": run.error if kind is EventKind.FAIL else None,
    }
    datasets = [("input", one) for one in run.inputs] + [("output", one) for one in run.outputs]
    if not datasets:
        yield about | {"direction": None}
    for direction, dataset in datasets:
        yield about | {"direction": direction, **_of_dataset(dataset, with_columns=direction == "output")}


def _of_dataset(dataset: LineageDataset, *, with_columns: bool) -> dict[str, Any]:
    sources = dataset.sources if with_columns else None
    return {
        "dataset_namespace": dataset.namespace,
        "dataset_name": dataset.name,
        "table_name": dataset.table,
        "dataset_version": dataset.version,
        "row_count": dataset.rows,
        "size_bytes": dataset.size,
        "sha256": dataset.sha256,
        "column_sources": _columns(sources) if sources else None,
    }


def _columns(sources: TableSources) -> list[dict[str, str]]:
    return [
        {"name": name, "source_table": one.table, "source_column": one.column, "kind": one.kind}
        for name, of in sources.columns.items()
        for one in of
    ]


def _moment(text: str) -> str:
    """A time in UTC, in the form Athena's JSON reader takes for a timestamp."""
    return parse(text).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
