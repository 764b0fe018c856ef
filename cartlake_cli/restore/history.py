"""What the artifacts and quarantine buckets hold of past runs and rejected files, read from S3."""

from __future__ import annotations

import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel

from cartlake.aws.clients import aws_errors, client
from cartlake.aws.s3 import DocumentError, ObjectMissingError, find_model, read_bytes
from cartlake.maintenance.documents import MaintenanceReport
from cartlake.runs.documents import Manifest, RefreshPlan, RefreshReport, TransformReport
from cartlake.runs.folder import LINEAGE_ROWS, RunFolder, Step
from cartlake.runs.ids import RUN_ID, Workflow, subject_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_READERS: Final = 32
"""Documents read at once; most of the time is waiting for S3."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: `error` and `cause` are None for one that succeeded. Times are as `stamp` writes them."""

    started_at: str
    ended_at: str
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run by its documents; those it does not have are None. `outcome` is None for a run that never ended.

    `unreadable` says which documents are there and cannot be read, and why: one of many must not prevent a restore.
    """

    run_id: str
    outcome: Outcome | None = None
    manifest: Manifest | None = None
    report: TransformReport | None = None
    plan: RefreshPlan | None = None
    refresh: RefreshReport | None = None
    report_uri: str | None = None
    unreadable: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """Return the dataset of the run, `refresh` or `maintenance`."""
        return subject_of(self.run_id)


@dataclass(frozen=True, slots=True)
class RejectedFile:
    """A file that was rejected, by the document beside its copy in quarantine; `sha256` of its content, if known."""

    file_id: str
    dataset: str
    reason: str
    message: str
    at: str
    run_id: str | None = None
    contract_version: str | None = None
    sha256: str | None = None


def past_runs(bucket: str) -> list[PastRun]:
    """Return every run that left documents in the artifacts bucket, oldest first."""
    documents: defaultdict[str, set[str]] = defaultdict(set)
    for key in _keys(bucket, "runs/"):
        run_id, _, name = key.removeprefix("runs/").partition("/")
        if RUN_ID.fullmatch(run_id):
            documents[run_id].add(name.removesuffix(".json"))
    ends = _ends(bucket)
    with ThreadPoolExecutor(_READERS) as pool:
        read = pool.map(lambda run_id: _past_run(bucket, run_id, documents[run_id], ends.get(run_id)), list(documents))
        return sorted(read, key=_began)


def _ends(bucket: str) -> dict[str, str]:
    """Return the keys of the documents that say how runs ended, by run: earlier releases wrote `<run>.jsonl`."""
    names = {key: key.rpartition("/")[2] for key in _keys(bucket, "lineage/") if not key.startswith(LINEAGE_ROWS)}
    return {
        name.removesuffix(suffix): key
        for suffix in (".jsonl", ".END.json")
        for key, name in names.items()
        if name.endswith(suffix)
    }


def rejected_files(bucket: str) -> dict[str, RejectedFile]:
    """Return the files that were rejected by the documents in the quarantine bucket, by their id."""
    keys = [key for key in _keys(bucket, "rejected/") if key.endswith("/reason.json")]
    with ThreadPoolExecutor(_READERS) as pool:
        found = pool.map(lambda key: _rejected(key, json.loads(read_bytes(f"s3://{bucket}/{key}"))), keys)
        return {file.file_id: file for file in found}


def _past_run(bucket: str, run_id: str, names: set[str], lineage: str | None) -> PastRun:
    folder, workflow = RunFolder(bucket, run_id), subject_of(run_id)
    faults: list[str] = []

    def read(name: str, model: type[Model]) -> Model | None:
        try:
            return find_model(folder.document(name), model) if name in names else None
        except DocumentError as error:
            faults.append(str(error).partition("\n")[0])
            return None

    if workflow == Workflow.MAINTENANCE:
        done = read(Step.MAINTENANCE, MaintenanceReport)
        ended = Outcome(done.started_at, done.ended_at) if done else None
        uri = folder.report(Step.MAINTENANCE) if done else None
        return PastRun(run_id, ended, report_uri=uri, unreadable=tuple(faults))
    outcome = _outcome(bucket, lineage, faults) if lineage else None
    if workflow == Workflow.REFRESH:
        plan, refresh = read("plan", RefreshPlan), read(Step.REFRESH, RefreshReport)
        uri = folder.report(Step.REFRESH) if refresh else None
        if outcome is None and refresh and all(table.outcome != "failed" for table in refresh.tables):
            outcome = Outcome(refresh.started_at, refresh.ended_at)  # its end was not reported, and all was rebuilt
        return PastRun(run_id, outcome, plan=plan, refresh=refresh, report_uri=uri, unreadable=tuple(faults))
    manifest, report = read("manifest", Manifest), read(Step.TRANSFORM, TransformReport)
    uri = folder.report(Step.TRANSFORM) if report else None
    return PastRun(run_id, outcome, manifest, report, report_uri=uri, unreadable=tuple(faults))


def _outcome(bucket: str, key: str, faults: list[str]) -> Outcome | None:
    """Return how a run ended by its OpenLineage events, of which the last is COMPLETE or FAIL; adds to `faults`."""
    try:
        events = [json.loads(line) for line in read_bytes(f"s3://{bucket}/{key}").splitlines() if line.strip()]
        first, last = events[0], events[-1]
        facets = last["run"].get("facets", {})
        said = facets.get("errorMessage", {}).get("message", "")
        started_at = facets.get("cartlake_run", {}).get("startedAt", first["eventTime"])
        error, _, cause = said.partition(": ")
        failed = last["eventType"] == "FAIL"
        return Outcome(started_at, last["eventTime"], error if failed else None, cause if failed else None)
    except ObjectMissingError:
        return None
    except (ValueError, KeyError, IndexError) as error:
        faults.append(f"s3://{bucket}/{key} has no OpenLineage events of a run: {error!r}")
        return None


def _rejected(key: str, said: Mapping[str, Any]) -> RejectedFile:
    return RejectedFile(
        file_id=said["file_id"],
        dataset=key.split("/")[1],  # rejected/<dataset>/…; the document names none that no contract describes
        sha256=said.get("sha256"),
        reason=said["reason"],
        message=said["message"],
        at=said["at"],
        run_id=said.get("details", {}).get("run_id"),
        contract_version=(said.get("contract") or "").rpartition(" ")[2] or None,
    )


def _began(run: PastRun) -> tuple[str, str]:
    match = RUN_ID.fullmatch(run.run_id)
    return (match["started"] if match else "", run.run_id)


def _keys(bucket: str, prefix: str) -> Iterator[str]:
    with aws_errors():
        for page in client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                yield found["Key"]
