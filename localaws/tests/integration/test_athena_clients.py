"""Unchanged clients of Athena: the AWS command line, PyAthena, SQLAlchemy, pandas, dbt."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

HERE = Path(__file__).parent / "athena_clients"
CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def clients():
    """The folder of programs of the clients' own virtual environment, which is created if it is missing or outdated."""
    home, wanted = CHECKOUT / ".cache" / "athena-clients", (HERE / "requirements.txt").read_text()
    installed = home / "requirements.txt"
    if not installed.exists() or installed.read_text() != wanted:
        venv.create(home, clear=True)
        uv = Path(sys.executable).with_name("uv")
        install = [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            home / "bin" / "python",
            "-r",
            HERE / "requirements.txt",
        ]
        subprocess.run(install, check=True)
        installed.write_text(wanted)
    return home / "bin"


@pytest.fixture
def call(clients, orders, tmp_path):
    """Run a program of the clients; return its output."""

    def run(program, *arguments, cwd=tmp_path, code=0, **environment):
        done = subprocess.run(
            [clients / program, *map(str, arguments)],
            capture_output=True, text=True, check=False, cwd=cwd,
            env={**os.environ, **orders.aws.env, **environment},
        )  # fmt: skip
        assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def test_the_aws_command_line(call, orders):
    place = ["--query-execution-context", f"Database={orders.database}"]
    output = ["--result-configuration", f"OutputLocation=s3://{orders.bucket}/cli/"]

    started = json.loads(
        call("aws", "athena", "start-query-execution", "--query-string", "select max(id) from orders", *place, *output)
    )
    orders.ended(started["QueryExecutionId"])
    found = json.loads(call("aws", "athena", "get-query-results", "--query-execution-id", started["QueryExecutionId"]))
    listed = call("aws", "s3", "ls", f"s3://{orders.bucket}/cli/")

    assert found["ResultSet"]["Rows"][1]["Data"] == [{"VarCharValue": "3"}]
    assert f"{started['QueryExecutionId']}.csv" in listed


def test_pyathena_sqlalchemy_and_pandas(call, orders):
    found = json.loads(call("python", HERE / "pyathena_client.py", orders.database, f"s3://{orders.bucket}/pyathena/"))

    assert found["plain"][0] == [
        "int:1",
        "date:2024-01-01",
        "Decimal:10.50",
        "datetime:2024-01-01 10:00:00.123456+00:00",
    ]
    assert found["plain"][2][2] == "NoneType:None"
    assert found["scanned"] > 0
    assert found["bound"] == [["int:2"]]
    assert found["by_name"] == [{"id": 1}]
    assert found["frame"]["rows"] == 3
    assert found["unloaded"]["id"] == [1, 2, 3]
    assert found["reflected"]["id"].upper() in {"BIGINT", "INTEGER"}
    assert found["counted"] == 1
    assert found["names"] == ["orders"]


def test_dbt_builds_seeds_tables_merges_and_tests(call, orders, tmp_path):
    place = {"SHOP_DATABASE": orders.database, "SHOP_BUCKET": orders.bucket}
    place |= {"DBT_TARGET_PATH": str(tmp_path), "DBT_LOG_PATH": str(tmp_path)}
    options = ["--project-dir", HERE / "dbt_project", "--profiles-dir", HERE / "dbt_project", "--no-use-colors"]

    call("dbt", "build", *options, **place)
    first = orders.rows("SELECT status, orders, amount FROM orders_by_status ORDER BY status")
    call("dbt", "build", *options, "--vars", "{newer: true}", **place)
    second = orders.rows("SELECT status, orders, amount FROM orders_by_status ORDER BY status")

    assert first == [("cancelled", "1", "5.00"), ("paid", "1", "10.50"), ("returned", "1", "20.00")]
    assert second == [("cancelled", "1", "5.00"), ("paid", "2", "17.75"), ("returned", "1", "20.00")]
    assert orders.rows("SELECT order_id FROM recent_orders ORDER BY order_id") == [("2",), ("3",), ("4",)]
    operations = orders.rows("""SELECT operation FROM "orders_by_status$snapshots" ORDER BY committed_at""")
    assert len(operations) == 2  # the table was merged into, not made anew
