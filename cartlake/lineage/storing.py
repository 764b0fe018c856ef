"""Events and rows of runs in the artifacts bucket. Each has one key, so that writing it again adds nothing."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from cartlake.aws import s3
from cartlake.lineage.events import run_event, to_line
from cartlake.lineage.model import EventKind, LineageRun
from cartlake.lineage.rows import to_lines
from cartlake.runs.folder import RunFolder

START: Final = "START"
END: Final = "END"
"""COMPLETE and FAIL have one key: a run has one end."""


def store(folder: RunFolder, run: LineageRun, namespace: str) -> list[str]:
    """Write the events of a run as far as it has come, and their rows; returns the events, START first."""
    kinds = [EventKind.START] if run.ended_at is None else [EventKind.START, run.kind]
    events = [to_line(run_event(run, kind, namespace)) for kind in kinds]
    names = [START if kind is EventKind.START else END for kind in kinds]
    documents = {folder.lineage_event(name): event for name, event in zip(names, events, strict=True)}
    documents |= {folder.lineage_rows(name): to_lines(run, kind) for name, kind in zip(names, kinds, strict=True)}
    with ThreadPoolExecutor(len(documents)) as pool:
        list(pool.map(lambda uri: s3.write_text(uri, documents[uri], "application/jsonlines"), documents))
    return events
