"""Sensors that wait for what others started. All are deferred: they take no worker while they wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator

from cartlake_airflow.waiting import LakeTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context


class FileLoadedSensor(LakeTask, BaseSensorOperator):
    """Waits until the file under `key` of the raw bucket has come and is loaded. Fails if it is rejected.

    For files that others drop, such as `incoming/transactions/{{ ds }}/orders.csv`. Returns what LoadFileOperator does.
    """

    template_fields: Sequence[str] = ("key",)

    def __init__(self, *, key: str, lake_variable: str = "cartlake", poke_interval: float = 30, **kwargs: Any) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.key = key
        self.lake_variable = lake_variable

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002 - Airflow's names
        """Wait for the file."""
        return self.wait(self.lake(), "key_is_loaded", self.key, self.poke_interval, self.timeout)


class TablesRebuiltSensor(LakeTask, BaseSensorOperator):
    """Waits until every table that is built from what a load changed is rebuilt. Fails if the refresh of it failed.

    `loaded` is the output of LoadFileOperator or FileLoadedSensor, or the id of a run. Returns its `run_id`.
    """

    template_fields: Sequence[str] = ("loaded",)

    def __init__(
        self,
        *,
        loaded: Any,
        lake_variable: str = "cartlake",
        poke_interval: float = 30,
        **kwargs: Any,
    ) -> None:
        super().__init__(poke_interval=poke_interval, **kwargs)
        self.loaded = loaded
        self.lake_variable = lake_variable

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002 - Airflow's names
        """Wait for the refresh."""
        run_id = self.loaded["run_id"] if isinstance(self.loaded, dict) else str(self.loaded)
        return self.wait(self.lake(), "tables_are_rebuilt", run_id, self.poke_interval, self.timeout)
