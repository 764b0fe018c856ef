"""Why a file is rejected: a code for programs, a message for people, and the details of both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Codes of `reason.json`, of the ledger and of metrics. docs/ingestion.md says what to do about each."""

    UNRECOGNISED_KEY = "unrecognised_key"
    UNKNOWN_DATASET = "unknown_dataset"
    UNSUPPORTED_FORMAT = "unsupported_format"
    OBJECT_MISSING = "object_missing"
    SUPERSEDED = "superseded"
    FILE_TOO_LARGE = "file_too_large"
    EMPTY_FILE = "empty_file"
    NO_ROWS = "no_rows"
    WRONG_COMPRESSION = "wrong_compression"
    CORRUPT_GZIP = "corrupt_gzip"
    TRUNCATED_GZIP = "truncated_gzip"
    GZIP_BOMB = "gzip_bomb"
    BINARY_CONTENT = "binary_content"
    WRONG_ENCODING = "wrong_encoding"
    LINE_TOO_LONG = "line_too_long"
    WRONG_LINE_ENDINGS = "wrong_line_endings"
    WRONG_DELIMITER = "wrong_delimiter"
    MISSING_HEADER = "missing_header"
    MISSING_COLUMNS = "missing_columns"
    EXTRA_COLUMNS = "extra_columns"
    RENAMED_COLUMNS = "renamed_columns"
    DUPLICATE_COLUMNS = "duplicate_columns"
    JSON_ARRAY = "json_array"
    MALFORMED_JSON = "malformed_json"
    CORRUPT_PARQUET = "corrupt_parquet"
    WRONG_TYPES = "wrong_types"


@dataclass(frozen=True, slots=True)
class Rejection:
    """A verdict. `message` names the thing, the value and the next step; `details` are JSON values."""

    reason: Reason
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)


class RefusedError(Exception):
    """Stops the reading of a file at the first fault. `examine` catches it and returns a Rejection."""

    def __init__(self, reason: Reason, message: str, **details: Any) -> None:
        super().__init__(message)
        self.rejection = Rejection(reason, message, details)
