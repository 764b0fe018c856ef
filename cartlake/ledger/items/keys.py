"""The keys of each kind of item in the table. docs/ledger.md has a diagram."""

from cartlake.ledger.items.table import Key
from cartlake.ledger.models import Backfill, FileRecord, FileState
from cartlake.runs.ids import Workflow


def file_key(file_id: str) -> Key:
    return Key(f"FILE#{file_id}", "FILE")


def content_key(record: FileRecord, contract_version: str, sha256: str, *, loads_again: bool) -> Key:
    """The item of one content. The same content under the same major version of a contract is the same data.

    Unless it `loads_again`: then every file has an item of its own.
    """
    # A new major version may read other columns from the same file, so its content counts as new.
    major = contract_version.split(".", maxsplit=1)[0]
    own = f"#{record.file_id}" if loads_again else ""
    return Key(f"CONTENT#{record.dataset}#v{major}#{sha256}{own}", "CONTENT")


def content_of(record: FileRecord, contract_version: str | None = None) -> Key:
    """The item of the content of a file that was validated, under its own version of the contract or another one."""
    version = contract_version or str(record.contract_version)
    return content_key(record, version, str(record.sha256), loads_again=record.loads_again)


def duplicate_key(content: Key, file_id: str) -> Key:
    return Key(content.pk, f"DUPLICATE#{file_id}")


def pending_key(record: FileRecord) -> Key:
    return Key(f"PENDING#{record.dataset}", f"{record.received_at}#{record.file_id}")


def lock_key(subject: str) -> Key:
    """The lock of a dataset, of the refresh or of maintenance."""
    return Key(f"LOCK#{subject}", "LOCK")


def next_run_key(subject: str) -> Key:
    """The run of a dataset that waits for the end of its gather window."""
    return Key(f"NEXT#{subject}", "NEXT")


def run_key(run_id: str) -> Key:
    return Key(f"RUN#{run_id}", "RUN")


def run_file_key(run_id: str, file_id: str) -> Key:
    return Key(f"RUN#{run_id}", f"FILE#{file_id}")


def backfill_key(dataset: str) -> Key:
    """The last backfill of a dataset."""
    return Key(f"BACKFILL#{dataset}", "BACKFILL")


def slice_key(backfill: Backfill, number: int) -> Key:
    return Key(f"BACKFILL#{backfill.dataset}", f"SLICE#{backfill.request_id}#{number:06d}")


def load_between_key(backfill: Backfill, run_id: str) -> Key:
    """A run that loaded new files after the backfill had begun and before it was done."""
    return Key(f"BACKFILL#{backfill.dataset}", f"LOAD#{backfill.request_id}#{run_id}")


def stale_key(run_id: str, table: str) -> Key:
    """A table that the next refresh rebuilds because of changes in a run."""
    return Key(f"PENDING#{Workflow.REFRESH}", f"{run_id}#{table}")


def failed_stale_key(sort_key: str) -> Key:
    """A table whose refresh failed. The next refresh rebuilds it; this item does not start one."""
    return Key(f"ASIDE#{Workflow.REFRESH}", sort_key)


def run_stale_key(run_id: str, sort_key: str) -> Key:
    return Key(f"RUN#{run_id}", f"STALE#{sort_key}")


def maintenance_key(table: str) -> Key:
    return Key("MAINTENANCE", table)


def fallback_key(subject: str) -> Key:
    """The size of the batch of a dataset that the light engine gave up last."""
    return Key(f"FALLBACK#{subject}", "FALLBACK")


def dataset_key(dataset: str) -> Key:
    """One item per dataset that ever had a file, so that all files can be listed without a scan."""
    return Key("DATASETS", dataset)


def state_index(dataset: str, state: FileState) -> str:
    return f"{dataset}#{state}"


def run_index(subject: str) -> str:
    """The index key of the runs of a dataset, of the refresh or of maintenance."""
    return f"RUN#{subject}"


def copy_key(dataset: str) -> Key:
    """The newest full copy that was loaded of a dataset."""
    return Key(f"COPY#{dataset}", "COPY")


def erasure_key(erasure_id: str) -> Key:
    """The erasure of one person, which is named by a keyed hash."""
    return Key("ERASURES", erasure_id)


def source_key(source: str) -> Key:
    """How far a source was read."""
    return Key("SOURCES", source)


def stream_key(topic: str) -> Key:
    """How far a topic was read."""
    return Key("STREAMS", topic)


def sftp_key(server: str) -> Key:
    """The lease and the last counts of an SFTP server."""
    return Key("SFTP", server)


def sftp_file_key(server: str, file_id: str) -> Key:
    """How a file on an SFTP server looked last."""
    return Key(f"SFTP#{server}", f"FILE#{file_id}")


def sftp_content_key(server: str, dataset: str, sha256: str) -> Key:
    """The object of a content that came from an SFTP server."""
    return Key(f"SFTP#{server}", f"CONTENT#{dataset}#{sha256}")
