"""Run by Superset's own Python: a connection, a dataset and a chart; prints the columns and the chart's rows as JSON.

Arguments: the SQLAlchemy URI of the connection, schema and table, a column of days, a column to sum up.
"""

import json
import sys

from superset.app import create_app


def main(uri: str, schema: str, table: str, day: str, summed: str) -> None:
    with create_app().app_context():
        # Superset's models can be imported only in its application.
        from superset import db, security_manager
        from superset.connectors.sqla.models import SqlaTable
        from superset.models.core import Database
        from superset.utils.core import override_user

        security_manager.sync_role_definitions()
        role = security_manager.find_role("Admin")
        admin = security_manager.add_user("admin", "a", "b", "a@example.org", role, password="admin")
        with override_user(admin):
            lake = Database(database_name="lake", sqlalchemy_uri=uri)
            dataset = SqlaTable(table_name=table, schema=schema, database=lake)
            db.session.add_all([lake, dataset])
            db.session.commit()
            dataset.fetch_metadata()
            db.session.commit()
            columns = {column.column_name: column.type for column in dataset.columns}
            answer = {"columns": columns, "rows": chart(dataset.id, day, summed)}
            sys.stdout.write(f"{json.dumps(answer, default=str)}\n")


def chart(dataset: int, day: str, summed: str) -> list[dict[str, object]]:
    """Return the rows of a chart of the sum of a column by day."""
    from superset.commands.chart.data.get_data_command import ChartDataCommand
    from superset.common.query_context_factory import QueryContextFactory

    metric = {"expressionType": "SIMPLE", "aggregate": "SUM", "column": {"column_name": summed}, "label": "total"}
    query = {
        "columns": [],
        "metrics": [metric],
        "granularity": day,
        "extras": {"time_grain_sqla": "P1D"},
        "is_timeseries": True,
        "time_range": "2000-01-01 : 2100-01-01",
        "row_limit": 1000,
        "orderby": [],
    }
    context = QueryContextFactory().create(
        datasource={"id": dataset, "type": "table"},
        queries=[query],
        force=True,
        result_format="json",
        result_type="full",
    )
    command = ChartDataCommand(context)
    command.validate()
    [answer] = command.run()["queries"]
    if answer["error"]:
        raise SystemExit(answer["error"])
    return answer["data"]


if __name__ == "__main__":
    main(*sys.argv[1:])
