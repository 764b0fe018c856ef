"""Reads the lake's ledger: one DynamoDB table, by strongly consistent reads of single items. Writes nothing.

The keys of items are those of `cartlake.ledger`, which a DAG cannot import. A test compares them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from cartlake_airflow.lake import Lake

Item = dict[str, Any]

MISSING: Final = frozenset({"NoSuchKey", "NotFound", "404"})
"""How S3 says that there is no object."""


def file_id(bucket: str, key: str, version: str) -> str:
    """Return the id of a file by its version, or the ETag without quotes in a bucket without versions."""
    return hashlib.sha256(f"{bucket}\n{key}\n{version}".encode()).hexdigest()[:32]


def file_under(lake: Lake, key: str) -> str | None:
    """Return the id of the file that is under a key of the raw bucket now, None if there is none."""
    try:
        head = lake.client("s3").head_object(Bucket=lake.raw_bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            return None
        raise
    version = head.get("VersionId")
    return file_id(lake.raw_bucket, key, head["ETag"].strip('"') if version in (None, "null") else version)


@dataclass(frozen=True)
class Ledger:
    """What the ledger says of files, runs, and tables that wait to be rebuilt."""

    lake: Lake

    def file(self, file_id: str) -> Item | None:
        """Return the record of a file, None until the lake has received it."""
        return self._get(f"FILE#{file_id}", "FILE")

    def run(self, run_id: str) -> Item | None:
        """Return the record of a run, None until its first step."""
        return self._get(f"RUN#{run_id}", "RUN")

    def waits_for_rebuild(self, run_id: str) -> bool:
        """Return whether a refresh has still to begin for what this run changed."""
        return self._has("PENDING#refresh", f"{run_id}#")

    def failed_to_rebuild(self, run_id: str) -> bool:
        """Return whether the refresh of what this run changed failed, and the next one has not begun."""
        return self._has("ASIDE#refresh", f"{run_id}#")

    def lock_holder(self, subject: str) -> str | None:
        """Return the run that holds the lock of a workflow or dataset, None if none does."""
        lock = self._get(f"LOCK#{subject}", "LOCK")
        return None if lock is None else str(lock["run_id"])

    def is_rebuilt_by(self, refresh: str, run_id: str) -> bool:
        """Return whether this refresh took what the run changed."""
        return self._has(f"RUN#{refresh}", f"STALE#{run_id}#")

    def _get(self, pk: str, sk: str) -> Item | None:
        answer = self.lake.client("dynamodb").get_item(
            TableName=self.lake.ledger_table, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=True
        )
        return _plain(answer["Item"]) if "Item" in answer else None

    def _has(self, pk: str, sk_prefix: str) -> bool:
        answer = self.lake.client("dynamodb").query(
            TableName=self.lake.ledger_table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={":pk": {"S": pk}, ":sk": {"S": sk_prefix}},
            ConsistentRead=True,
            Limit=1,
        )
        return bool(answer["Items"])


def _plain(item: Item) -> Item:
    deserializer = TypeDeserializer()
    return {name: deserializer.deserialize(value) for name, value in item.items()}
