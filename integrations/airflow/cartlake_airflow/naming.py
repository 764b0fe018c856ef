"""Names made of a task and its DAG run: the same each time the task is tried, and no other task has them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cartlake_airflow.errors import BadTaskError

WORKFLOWS: Final = ("refresh", "maintenance", "forecast")
"""What a run does that works for all datasets. Runs that load files are started by their files."""

_DATASET: Final = re.compile(r"[a-z][a-z0-9_]*")
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]*")
_NOT_IN_A_FOLDER: Final = re.compile(r"[^A-Za-z0-9-]+")


@dataclass(frozen=True)
class Task:
    """A task of a DAG run. `run_after` is when Airflow was due to run it, which a cleared run keeps."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    run_after: datetime

    @property
    def digest(self) -> str:
        """Return 16 hex digits of the names of the task."""
        # Each with its length: no other task has the same text.
        names = (self.dag_id, self.run_id, self.task_id, str(self.map_index))
        return hashlib.sha256("".join(f"{len(name)}:{name}" for name in names).encode()).hexdigest()[:16]

    def object_key(self, dataset: str, name: str, attempt: int) -> str:
        """Return the key of the file that the task drops: `incoming/<dataset>/airflow/<DAG>/<digest>-<attempt>/<name>`.

        Raises BadTaskError for a dataset or a file name that the lake could not take.
        """
        if not _DATASET.fullmatch(dataset):
            raise BadTaskError(f"{dataset!r} cannot be a dataset: names are like `order_lines`.")
        if not _FILE_NAME.fullmatch(name):
            raise BadTaskError(
                f"{name!r} cannot be the name of a file: it begins with a letter or digit, and has letters, digits, "
                "`.`, `_`, `=` and `-` only. Set `file_name`."
            )
        folder = _NOT_IN_A_FOLDER.sub("-", self.dag_id).strip("-") or "dag"
        return f"incoming/{dataset}/airflow/{folder[:100]}/{self.digest}-{attempt}/{name}"

    def run_of(self, workflow: str, attempt: int) -> str:
        """Return the id of the run that the task starts, which is also the name of its execution.

        Raises BadTaskError for a workflow that there is not.
        """
        if workflow not in WORKFLOWS:
            raise BadTaskError(f"{workflow!r} is not a workflow; there are: {', '.join(WORKFLOWS)}.")
        suffix = hashlib.sha256(f"{self.digest}-{attempt}".encode()).hexdigest()[:16]
        return f"{workflow}-{self.run_after.astimezone(UTC):%Y%m%dT%H%M%S}-{suffix}"
