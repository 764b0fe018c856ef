"""The built wheel in an environment without Cartlake and outside the checkout: it starts, answers and ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localaws.testing.server import eventually

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).resolve().parents[2]
UV = Path(sys.executable).with_name("uv")
# What an application would do, in a process that has only the variables that were printed.
CLIENT = """
import json, time, boto3
s3, glue, athena = (boto3.client(name) for name in ("s3", "glue", "athena"))
s3.create_bucket(Bucket="shop")
s3.put_object(Bucket="shop", Key="orders/a.csv", Body=b"1,2.50\\n2,4.00\\n")
glue.create_database(DatabaseInput={"Name": "shop"})
storage = {
    "Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "amount", "Type": "decimal(10,2)"}],
    "Location": "s3://shop/orders/",
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
        "Parameters": {"field.delim": ","},
    },
}
table = {"Name": "orders", "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
glue.create_table(DatabaseName="shop", TableInput=table)
query = athena.start_query_execution(
    QueryString="SELECT count(*), sum(amount) FROM shop.orders",
    ResultConfiguration={"OutputLocation": "s3://shop/results/"},
)["QueryExecutionId"]
while (state := athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"])["State"] in (
    "QUEUED", "RUNNING",
):
    time.sleep(0.05)
assert state["State"] == "SUCCEEDED", state
rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
print(json.dumps([cell["VarCharValue"] for cell in rows[1]["Data"]]))
"""
KEYS = """
import json, boto3
found = boto3.client("s3").list_objects_v2(Bucket="shop", Prefix="orders/")["Contents"]
print(json.dumps([entry["Key"] for entry in found]))
"""
FINDABLE = """
import importlib.util, json
names = ("cartlake", "cartlake_cli", "lambdas", "glue_jobs", "generators")
print(json.dumps([name for name in names if importlib.util.find_spec(name)]))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of an environment with the wheel and its dependencies, in the versions of the lock file."""
    folder = tmp_path_factory.mktemp("alone")
    subprocess.run(
        [
            UV,
            "build",
            "--quiet",
            "--wheel",
            "--no-build-isolation",
            "--python",
            sys.executable,
            "--out-dir",
            folder,
            PROJECT,
        ],
        check=True,
    )
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
    (wheel,) = folder.glob("cartlake_localaws-*.whl")
    lock = PROJECT.parent / "requirements" / "dev.lock"
    subprocess.run(
        [UV, "pip", "install", "--quiet", "--python", folder / "venv" / "bin" / "python", wheel, "-c", lock], check=True
    )
    return folder / "venv" / "bin" / "python"


@pytest.fixture
def start(python, tmp_path):
    """Start `python -m localaws` in an empty folder; return the process and its output."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    started = []

    def run(*arguments):
        output = tmp_path / "output.txt"
        with output.open("w") as file:
            process = subprocess.Popen(
                [python, "-m", "localaws", *arguments],
                cwd=tmp_path, env=environment, stdout=file, stderr=subprocess.STDOUT,
            )  # fmt: skip
        started.append(process)
        eventually(lambda: "Ctrl-C" in output.read_text() or process.poll() is not None, seconds=180)
        return process, output.read_text()

    yield run
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=180)


def variables_in(text):
    lines = (line.strip() for line in text.splitlines())
    return dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))


def call(python, variables, code):
    done = subprocess.run([python, "-c", code], cwd="/", env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_wheel_serves_s3_glue_and_athena_and_keeps_its_data(python, start, tmp_path):
    process, text = start("--root", str(tmp_path / "project"))
    assert call(python, variables_in(text), CLIENT) == ["2", "6.50"]

    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=180) == 0

    _, text = start("--root", str(tmp_path / "project"))
    assert call(python, variables_in(text), KEYS) == ["orders/a.csv"]


def test_a_second_server_in_the_same_folder_prints_the_endpoint_of_the_first(start, tmp_path):
    _, text = start("--root", str(tmp_path))
    endpoint = variables_in(text)["AWS_ENDPOINT_URL"]

    second, answer = start("--root", str(tmp_path))

    assert second.wait(timeout=180) == 1
    assert f"is already running, at {endpoint}" in answer


def test_cartlake_is_not_installed(python):
    assert call(python, {}, FINDABLE) == []
