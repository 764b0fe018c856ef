"""Operators that start the lake, once for each task of a DAG run, and wait until it has done its work."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from cartlake_airflow.starting import drop, start_run
from cartlake_airflow.waiting import LakeTask, no_retry_of_bad_tasks, task_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

_HOURS: Final = timedelta(hours=6)


class StartingOperator(LakeTask):
    """An operator that begins something, unless it was begun before by the task, and waits for its end.

    `lake_variable` is the Airflow variable with Terraform's output `lake`. Waits `timeout` at most, and asks every
    `poll_seconds`.
    """

    retry_begins_anew = True

    def __init__(
        self,
        *,
        lake_variable: str = "cartlake",
        poll_seconds: float = 15,
        timeout: timedelta = _HOURS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.lake_variable = lake_variable
        self.poll_seconds = poll_seconds
        self.timeout = timeout


class LoadFileOperator(StartingOperator):
    """Drops a copy of a file for a dataset, and waits until its rows are in the table.

    `source` is `s3://bucket/key`, or a path on the machine of the task. `file_name` is the name of the copy, by default
    that of the source. Tried again, or cleared, it goes on with the file that it dropped before; it drops another copy
    only if that file was rejected or its run failed.

    Returns `file_id`, `key`, `dataset`, `state` (LOADED or DUPLICATE), and of the run that loaded the file `run_id`,
    `files` and `rows`: how many were read, published, quarantined and duplicate.
    """

    template_fields: Sequence[str] = ("dataset", "source", "file_name")

    def __init__(
        self,
        *,
        dataset: str,
        source: str,
        file_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dataset = dataset
        self.source = source
        self.file_name = file_name

    def execute(self, context: Context) -> dict[str, Any]:
        """Drop the file unless that was done, and wait for it."""
        lake = self.lake()
        with no_retry_of_bad_tasks():
            file_id = drop(lake, task_of(context), self.dataset, self.source, self.file_name)
        self.log.info("File %s of %s", file_id, self.dataset)
        return self.wait(lake, "file_is_loaded", file_id, self.poll_seconds, self.timeout.total_seconds())


class StartRunOperator(StartingOperator):
    """Starts a run of the lake's state machine `refresh`, `maintenance` or `forecast`, and waits until it has ended.

    The execution is named by the task. Tried again, or cleared, the task goes on with the run that it started before;
    it starts another one only if that run has failed. While another run of the workflow is at work, it waits for that.

    Returns `run_id` and `state`.
    """

    template_fields: Sequence[str] = ("workflow",)

    def __init__(
        self,
        *,
        workflow: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.workflow = workflow

    def execute(self, context: Context) -> dict[str, Any]:
        """Start the run unless that was done, and wait for it."""
        lake, seconds = self.lake(), self.timeout.total_seconds()
        while True:
            with no_retry_of_bad_tasks():
                run_id, other = start_run(lake, task_of(context), self.workflow)
            if other is None:
                self.log.info("Run %s", run_id)
                return self.wait(lake, "run_has_ended", run_id, self.poll_seconds, seconds)
            # Deferred, and executed again afterwards, unless the other run has released the lock meanwhile.
            self.wait(lake, "lock_is_released", f"{self.workflow}/{other}", self.poll_seconds, seconds)

    def after_waiting(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on: a run that has ended has a result; after the end of another run this one is started."""
        answer = super().after_waiting(context, event)
        return answer or self.execute(context)
