"""Every Sunday: rebuild what failed refreshes left stale, then maintain the tables.

For lakes whose own schedule of maintenance is off, so that it waits for other work of this Airflow.
"""

from datetime import UTC, datetime

from airflow.sdk import dag

from cartlake_airflow.operators import StartRunOperator


@dag(
    schedule="0 3 * * 0",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={"retries": 3},
    tags=["cartlake"],
)
def cartlake_weekly() -> None:
    """Two runs of the lake, each started once."""
    refresh = StartRunOperator(task_id="refresh", workflow="refresh", poll_seconds=5)
    maintain = StartRunOperator(task_id="maintain", workflow="maintenance", poll_seconds=5)
    refresh >> maintain


cartlake_weekly()
