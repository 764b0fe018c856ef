"""The documents a run leaves in the artifacts bucket: its plan and its reports."""

import json
from typing import Any

from cartlake_cli.context import Lake


def run_document(lake: Lake, run_id: str, name: str) -> bytes:
    """The JSON that the run wrote under this name. Raises NoSuchKey of S3 if it wrote none."""
    key = f"runs/{run_id}/{name}.json"
    body: bytes = lake.client("s3").get_object(Bucket=lake.outputs.buckets["artifacts"], Key=key)["Body"].read()
    return body


def run_document_if_any(lake: Lake, run_id: str, name: str) -> dict[str, Any]:
    """The same, read; {} if there is none."""
    try:
        found: dict[str, Any] = json.loads(run_document(lake, run_id, name))
    except lake.client("s3").exceptions.NoSuchKey:
        return {}
    return found
