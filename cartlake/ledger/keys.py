"""Where each kind of item lies in the table. docs/ledger.md draws the picture."""

from cartlake.ledger.models import Backfill, FileRecord, FileState
from cartlake.ledger.table import Key
from cartlake.runs.ids import Workflow


def file_key(file_id: str) -> Key:
    return Key(f"FILE#{file_id}", "FILE")


def content_key(dataset: str, contract_version: str, sha256: str) -> Key:
    """Same content under the same major version of a contract is the same data."""
    major = contract_version.split(".", maxsplit=1)[0]
    return Key(f"CONTENT#{dataset}#v{major}#{sha256}", "CONTENT")


def duplicate_key(content: Key, file_id: str) -> Key:
    return Key(content.pk, f"DUPLICATE#{file_id}")


def pending_key(record: FileRecord) -> Key:
    return Key(f"PENDING#{record.dataset}", f"{record.received_at}#{record.file_id}")


def lock_key(subject: str) -> Key:
    """The lock of a dataset, or of a workflow that works for all datasets."""
    return Key(f"LOCK#{subject}", "LOCK")


def run_key(run_id: str) -> Key:
    return Key(f"RUN#{run_id}", "RUN")


def run_file_key(run_id: str, file_id: str) -> Key:
    return Key(f"RUN#{run_id}", f"FILE#{file_id}")


def backfills_of(dataset: str) -> str:
    """The partition of a dataset's backfills that wait for their run."""
    return f"BACKFILL#{dataset}"


def backfill_key(backfill: Backfill) -> Key:
    return Key(backfills_of(backfill.dataset), f"{backfill.requested_at}#{backfill.request_id}")


def stale_key(run_id: str, table: str) -> Key:
    """A table that waits to be rebuilt since a run, among the pending work of the refresh."""
    return Key(f"PENDING#{Workflow.REFRESH}", f"{run_id}#{table}")


def stale_aside_key(sort_key: str) -> Key:
    """The same after a refresh that failed: it waits for the next one, and starts none by itself."""
    return Key(f"ASIDE#{Workflow.REFRESH}", sort_key)


def run_stale_key(run_id: str, sort_key: str) -> Key:
    return Key(f"RUN#{run_id}", f"STALE#{sort_key}")


def maintenance_key(table: str) -> Key:
    return Key("MAINTENANCE", table)


def fallback_key(subject: str) -> Key:
    """The size of the batch of a dataset that the light engine gave up last."""
    return Key(f"FALLBACK#{subject}", "FALLBACK")


def dataset_key(dataset: str) -> Key:
    """One item per dataset ever seen, so that people can list all files without a scan."""
    return Key("DATASETS", dataset)


def state_index(dataset: str, state: FileState) -> str:
    return f"{dataset}#{state}"


def run_index(subject: str) -> str:
    """The runs of a dataset, or of a workflow that works for all datasets."""
    return f"RUN#{subject}"
