"""Where rejected files go, beside the reason: `rejected/<dataset>/<file_id>/` of the quarantine bucket."""

from cartlake.aws.objects import S3Uri
from cartlake.aws.s3 import copy_version, write_text
from cartlake.ledger import FileRecord


class Quarantine:
    """The folders of rejected files. Writes may be repeated."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def reason_uri(self, file: FileRecord) -> str:
        """Return the URI of the file's reason.json."""
        return str(S3Uri(self._bucket, f"{self._folder(file)}/reason.json"))

    def copy(self, file: FileRecord) -> bool:
        """Copy the version that was judged, whatever its size. Returns False if it was deleted."""
        name = file.key.rsplit("/", 1)[-1] or "unnamed"
        target = S3Uri(self._bucket, f"{self._folder(file)}/{name}")
        return copy_version(S3Uri(file.bucket, file.key), file.version_id, target)

    def explain(self, file: FileRecord, text: str) -> None:
        """Write reason.json."""
        write_text(self.reason_uri(file), text)

    @staticmethod
    def _folder(file: FileRecord) -> str:
        return f"rejected/{file.dataset}/{file.file_id}"
