"""The newest full copy that was loaded of each dataset whose files are the whole table."""

from boto3.dynamodb.conditions import Attr

from cartlake.ledger.items.keys import copy_key
from cartlake.ledger.items.table import Table, put
from cartlake.ledger.models import FileRecord


class CopyLedger:
    """The newest full copies of all datasets."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, file: FileRecord) -> None:
        """Record that a full copy was loaded; nothing changes where a newer one is on record."""
        copy = {"file_id": file.file_id, "recency": file.recency}
        is_newest = Attr("recency").not_exists() | Attr("recency").lt(file.recency)
        self._table.try_write(put(copy_key(file.dataset), copy, when=is_newest))

    def newest(self, dataset: str) -> str:
        """Return the `FileRecord.recency` of the newest copy that was loaded, empty for none; strongly consistent."""
        return str((self._table.get(copy_key(dataset)) or {}).get("recency", ""))

    def newest_file(self, dataset: str) -> str | None:
        """Return the id of the newest copy that was loaded, None for none; strongly consistent."""
        return (self._table.get(copy_key(dataset)) or {}).get("file_id")
