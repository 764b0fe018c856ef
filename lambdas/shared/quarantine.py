"""Where rejected files go, beside the reason: `rejected/<dataset>/<file_id>/` of the quarantine bucket."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from cartlake.aws.objects import S3Uri
from cartlake.aws.s3 import copy_version, write_text
from cartlake.ledger import FileRecord
from cartlake.times import stamp, utc_now


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a file is rejected: a code, a text for people, and facts. `contract` is the version it broke, if known."""

    code: str
    message: str
    contract: str | None
    details: Mapping[str, object] = field(default_factory=dict)


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

    def reject(self, file: FileRecord, explanation: Explanation) -> None:
        """Copy a file and write why it is rejected. A file of a dataset that no contract describes names none."""
        copied = self.copy(file)
        content = {
            "reason": explanation.code,
            "message": explanation.message,
            "key": file.key,
            "file_id": file.file_id,
            "sha256": file.sha256,
            "dataset": file.dataset if explanation.contract else None,
            "details": {**explanation.details, "copied": copied},
            "contract": f"{file.dataset} {explanation.contract}" if explanation.contract else None,
            "at": stamp(utc_now()),
        }
        write_text(self.reason_uri(file), json.dumps(content, indent=2, ensure_ascii=False))

    @staticmethod
    def _folder(file: FileRecord) -> str:
        return f"rejected/{file.dataset}/{file.file_id}"
