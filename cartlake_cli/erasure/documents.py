"""The documents of an erasure. Only the subject names the person, and it is deleted when the erasure is done."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from cartlake.aws import s3
from cartlake.aws.clients import client
from cartlake.aws.objects import S3Uri
from cartlake.erasure.tombstones import FOLDER
from cartlake_cli.erasure.subject import Subject


class KeptCopy(BaseModel):
    """A copy that the erasure cannot change; `expires` None: somebody has to delete it."""

    what: str
    where: str
    expires: str | None
    advice: str


class Report(BaseModel):
    """What was removed and what proves it, without personal data. Counts are of what was found before.

    `subject` is the keyed hash of the customer id, `snapshots` the version of each changed table that is left,
    `left` how many object versions still mention the person.
    """

    model_config = ConfigDict(frozen=True)

    erasure: str
    subject: str
    records: int
    dry_run: bool
    started_at: str
    ended_at: str
    counts: dict[str, dict[str, int]]
    snapshots: dict[str, str] = {}
    scanned_objects: int = 0
    left: int = 0
    rebuilt: list[str] = []
    kept: list[KeptCopy] = []

    @property
    def found(self) -> bool:
        """Return whether anything of the person was found."""
        return any(number for counted in self.counts.values() for number in counted.values())


class _StoredSubject(BaseModel):
    ids: list[str]
    contacts: list[str]


def report_uri(bucket: str, erasure_id: str, ended_at: str) -> str:
    """Return the URI of the report of an erasure."""
    return f"s3://{bucket}/{FOLDER}/{erasure_id}/report-{ended_at}.json"


def save_subject(bucket: str, erasure_id: str, subject: Subject) -> None:
    """Store who is erased, so that the erasure can go on after the tables that say so were changed."""
    stored = _StoredSubject(ids=sorted(subject.ids), contacts=sorted(subject.contacts))
    s3.write_text(_subject_uri(bucket, erasure_id), stored.model_dump_json())


def saved_subject(bucket: str, erasure_id: str) -> Subject | None:
    """Return who is erased by an erasure that was begun, None where it was not."""
    stored = s3.find_model(_subject_uri(bucket, erasure_id), _StoredSubject)
    return Subject(frozenset(stored.ids), frozenset(stored.contacts)) if stored else None


def delete_subject(bucket: str, erasure_id: str) -> None:
    """Delete who was erased."""
    place = S3Uri.parse(_subject_uri(bucket, erasure_id))
    client("s3").delete_object(Bucket=place.bucket, Key=place.key)


def _subject_uri(bucket: str, erasure_id: str) -> str:
    return f"s3://{bucket}/{FOLDER}/{erasure_id}/subject.json"
