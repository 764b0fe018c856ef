"""Every day: load the orders that a shop left in a bucket, wait until the marts have them, and check the counts.

Airflow variables: `cartlake`, Terraform's output `lake`; `shop_orders`, where the shop leaves its files.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import dag, task

from cartlake_airflow.operators import LoadFileOperator
from cartlake_airflow.sensors import TablesRebuiltSensor

MOST_QUARANTINED = 0.05


@dag(
    schedule="0 6 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={"retries": 3},
    tags=["cartlake"],
)
def cartlake_daily() -> None:
    """A file becomes rows, rows become marts, and each step is done once, whatever is retried or cleared."""
    load = LoadFileOperator(
        task_id="load",
        dataset="transactions",
        source="{{ var.value.shop_orders }}/{{ dag_run.run_after | ds }}.csv",
        poll_seconds=5,
    )
    rebuilt = TablesRebuiltSensor(task_id="rebuilt", loaded=load.output, poke_interval=5, timeout=timedelta(hours=2))

    @task(retries=0)
    def check(loaded: dict[str, Any]) -> None:
        """Fail if too many rows were refused: somebody should look at them before anybody looks at the marts."""
        rows = loaded["rows"]
        if rows["quarantined"] > MOST_QUARANTINED * rows["read"]:
            raise ValueError(f"{rows['quarantined']} of {rows['read']} rows of {loaded['key']} were refused.")

    rebuilt >> check(load.output)


cartlake_daily()
