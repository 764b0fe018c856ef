"""Glue Spark jobs on the embedded AWS: their effects, their description by the API, and that processes end with runs.

One server and, but for the runs that take theirs with them, one warm worker for all.
"""

from __future__ import annotations

import io
import json
import os
import signal
import time
import uuid
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from pyiceberg.catalog.glue import GlueCatalog

from localaws import server
from localaws.settings import load
from localaws.spark.arguments import STATIC_SQL_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from localaws.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.spark]

BUCKET = "glue-spark-runner"
# A timeout counts minutes; here a minute has this many seconds.
MINUTE_SECONDS = 5
PATIENCE_SECONDS = 120
COLD = {"LOCALAWS_SPARK_PREWARM": "0"}  # the first run warms the worker, for less
MODULES = "--additional-python-modules"
# What Terraform gives to each job. Settings of the JVM that differ from these need another JVM.
EXTENSIONS = "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
ICEBERG = (
    f"{EXTENSIONS} --conf spark.sql.catalog.glue_catalog=org.apache.iceberg.spark.SparkCatalog "
    "--conf spark.sql.catalog.glue_catalog.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog "
    "--conf spark.sql.catalog.glue_catalog.io-impl=org.apache.iceberg.aws.s3.S3FileIO"
)
ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"}


@dataclass(frozen=True)
class Glue:
    """A running embedded AWS with a bucket for scripts, and helpers for jobs."""

    settings: Settings
    env: dict[str, str]

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.env["AWS_ENDPOINT_URL"],
            region_name=self.env["AWS_REGION"],
            aws_access_key_id=self.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.env["AWS_SECRET_ACCESS_KEY"],
        )

    def put(self, key: str, body: bytes | str) -> str:
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def has(self, key: str) -> bool:
        return "Contents" in self.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=key)

    def job(self, script: str, **attributes: Any) -> str:
        name = f"job-{uuid.uuid4().hex[:8]}"
        attributes.setdefault("Command", {"Name": "glueetl", "ScriptLocation": self.put(f"{name}.py", script)})
        defaults = {"--datalake-formats": "iceberg", "--conf": ICEBERG} | attributes.pop("DefaultArguments", {})
        self.client("glue").create_job(
            Name=name, Role="glue", GlueVersion="5.1", DefaultArguments=defaults, **attributes
        )
        return name

    def start(self, job: str, **request: Any) -> str:
        return self.client("glue").start_job_run(JobName=job, **request)["JobRunId"]

    def state(self, job: str, run: str) -> dict[str, Any]:
        return self.client("glue").get_job_run(JobName=job, RunId=run)["JobRun"]

    def ended(self, job: str, run: str) -> dict[str, Any]:
        wait_until(lambda: self.state(job, run)["JobRunState"] in ENDED)
        return self.state(job, run)

    def run(self, script: str, arguments: dict[str, str] | None = None, **attributes: Any) -> dict[str, Any]:
        job = self.job(script, **attributes)
        return self.ended(job, self.start(job, Arguments=arguments or {}))

    def log(self, run: str, stream: str = "output") -> str:
        events = self.client("logs").get_log_events(
            logGroupName=f"/aws-glue/jobs/{stream}", logStreamName=run, startFromHead=True
        )["events"]
        return "\n".join(event["message"] for event in events)

    def answers(self, script: str, arguments: dict[str, str] | None = None, **attributes: Any) -> Any:
        """Run a script that ends well, and return what it printed last, as JSON."""
        run = self.run(script, arguments, **attributes)
        assert run["JobRunState"] == "SUCCEEDED", (run, self.log(run["Id"], "error"))
        return json.loads(self.log(run["Id"]).splitlines()[-1])


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def has_processes(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def serving(root: Path, variables: dict[str, str]) -> Iterator[Glue]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(name, value)
        settings = load(home=root)
        server.start(settings)
    try:
        running = Glue(settings, server.client_environment(settings))
        running.client("s3").create_bucket(Bucket=BUCKET)
        yield running
    finally:
        server.stop(settings)


@pytest.fixture(scope="module")
def glue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Glue]:
    root = tmp_path_factory.mktemp("glue-spark")
    with serving(root, {"LOCALAWS_GLUE_MINUTE_SECONDS": str(MINUTE_SECONDS), **COLD}) as running:
        yield running


WORKER = "import json, os; print(json.dumps(os.getppid()))"


def test_a_job_reads_files_and_writes_rows_that_others_see(glue):
    glue.client("glue").create_database(DatabaseInput={"Name": "sales", "LocationUri": f"s3://{BUCKET}/sales/"})
    source = glue.put("incoming/orders.csv", "order_id,amount\nA,1.50\nB,2.25\n")

    run = glue.run(
        """
import argparse
from pyspark.sql import SparkSession

parser = argparse.ArgumentParser()
parser.add_argument("--source")
parser.add_argument("--JOB_NAME")
args, _ = parser.parse_known_args()
spark = SparkSession.builder.appName(args.JOB_NAME).getOrCreate()
orders = spark.read.schema("order_id string, amount decimal(12,2)").csv(args.source, header=True)
orders.writeTo("glue_catalog.sales.orders").using("iceberg").create()
print("wrote", spark.table("glue_catalog.sales.orders").count())
spark.stop()
""",
        {"--source": source},
    )

    assert run["JobRunState"] == "SUCCEEDED", run
    assert glue.log(run["Id"]) == "wrote 2"
    catalog = GlueCatalog(
        "glue",
        **{
            "glue.endpoint": glue.env["AWS_ENDPOINT_URL"],
            "s3.endpoint": glue.env["AWS_ENDPOINT_URL"],
            "client.region": "us-east-1",
            "client.access-key-id": "test",
            "client.secret-access-key": "test",
        },
    )
    rows = catalog.load_table("sales.orders").scan().to_arrow().to_pylist()
    assert sorted((row["order_id"], str(row["amount"])) for row in rows) == [("A", "1.50"), ("B", "2.25")]


def test_a_run_is_described_as_glue_describes_it(glue):
    job = glue.job("import sys; print(sys.argv[1:])", DefaultArguments={"--colour": "red"})

    run = glue.ended(job, glue.start(job, Arguments={"--size": "3"}))

    assert run["JobRunState"] == "SUCCEEDED"
    assert run["Arguments"] == {"--size": "3"}
    assert run["Attempt"] == 0
    assert "ErrorMessage" not in run
    assert run["StartedOn"] <= run["CompletedOn"]
    assert run["ExecutionTime"] >= 0
    assert glue.log(run["Id"]) == str(["--colour", "red", "--JOB_NAME", job, "--JOB_RUN_ID", run["Id"], "--size", "3"])
    assert f"{job} {run['Id']} output" in (glue.settings.home / "logs" / "spark.log").read_text()


def test_the_newest_run_is_listed_first(glue):
    job = glue.job("pass")
    runs = [glue.ended(job, glue.start(job))["Id"] for _ in range(2)]

    first = glue.client("glue").get_job_runs(JobName=job, MaxResults=1)
    second = glue.client("glue").get_job_runs(JobName=job, MaxResults=1, NextToken=first["NextToken"])

    assert [first["JobRuns"][0]["Id"], second["JobRuns"][0]["Id"]] == runs[::-1]


def test_a_raising_script_fails_with_its_line_and_message_and_an_event(glue):
    events = glue.client("events")
    queue = glue.client("sqs").create_queue(QueueName="glue-events")["QueueUrl"]
    arn = glue.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.glue"], "detail-type": ["Glue Job State Change"]}
    events.put_rule(Name="glue-runs", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="glue-runs", Targets=[{"Id": "queue", "Arn": arn}])

    run = glue.run("def load():\n    raise ValueError('no such customer')\n\nprint('before')\nload()\n")

    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == (
        "Error Category: UNCLASSIFIED_ERROR; Failed Line Number: 5; ValueError: no such customer"
    )
    assert glue.log(run["Id"]) == "before"
    trace = glue.log(run["Id"], "error")
    assert "ValueError: no such customer" in trace
    assert "localaws" not in trace
    messages = glue.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    detail = json.loads(messages[0]["Body"])["detail"]
    assert (detail["jobRunId"], detail["state"]) == (run["Id"], "FAILED")
    assert "no such customer" in detail["message"]
    events.remove_targets(Rule="glue-runs", Ids=["queue"])


def test_an_error_of_spark_is_reported_without_its_java_stack(glue):
    run = glue.run(
        "from pyspark.sql import SparkSession\n"
        "SparkSession.builder.getOrCreate().sql('select * from glue_catalog.nowhere.nothing').show()\n"
    )

    assert run["JobRunState"] == "FAILED"
    assert "Failed Line Number: 2; AnalysisException: [TABLE_OR_VIEW_NOT_FOUND]" in run["ErrorMessage"]
    assert "\tat " not in run["ErrorMessage"]


@pytest.mark.parametrize(
    ("ending", "state", "message"),
    [
        pytest.param("import sys; sys.exit(0)", "SUCCEEDED", None, id="exit 0"),
        pytest.param("import sys; sys.exit()", "SUCCEEDED", None, id="exit without a code"),
        pytest.param("import sys; sys.exit(3)", "FAILED", "SystemExit: 3", id="exit 3"),
        pytest.param("import sys; sys.exit('no input')", "FAILED", "SystemExit: no input", id="exit with a text"),
        pytest.param("import os; os._exit(0)", "SUCCEEDED", None, id="process ends with 0"),
        pytest.param("import os; os._exit(7)", "FAILED", "Command failed with exit code 7", id="process ends with 7"),
    ],
)
def test_the_exit_of_a_script_decides_the_state(glue, ending, state, message):
    run = glue.run(f"print('work'); {ending}; print('never reached')")

    assert (run["JobRunState"], run.get("ErrorMessage")) == (state, message)


def test_threads_and_exit_handlers_of_a_script_end_before_the_run_does(glue):
    said = glue.answers(
        "import atexit, threading, time\n"
        "atexit.register(lambda: print('[\"exit handler\"]'))\n"
        "threading.Thread(target=lambda: (time.sleep(1), print('thread'))).start()\n"
    )

    assert said == ["exit handler"]


def test_a_job_killed_by_the_system_fails_and_the_next_one_runs(glue):
    killed = glue.run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")

    assert killed["JobRunState"] == "FAILED"
    assert "SIGKILL" in killed["ErrorMessage"]
    assert isinstance(glue.answers(WORKER), int)


def test_a_killed_worker_fails_its_run_and_is_replaced(glue):
    job = glue.job("import os, time; print(os.getppid()); time.sleep(60); print('survived')")
    run = glue.start(job)
    wait_until(lambda: bool(glue.state(job, run)["JobRunState"] == "RUNNING" and glue.log(run)))
    worker = int(glue.log(run))

    os.kill(worker, signal.SIGKILL)

    ended = glue.ended(job, run)
    assert ended["JobRunState"] == "FAILED"
    assert f"the Spark worker (process {worker}) was ended by SIGKILL" in ended["ErrorMessage"]
    wait_until(lambda: not has_processes(worker))
    successor = glue.answers(WORKER)
    assert successor != worker
    os.kill(successor, signal.SIGKILL)  # idle: nobody's run fails
    assert glue.answers(WORKER) != successor


def test_a_run_beyond_its_timeout_is_ended(glue):
    job = glue.job(
        f"import boto3, time\ntime.sleep({MINUTE_SECONDS} + 3)\n"
        f"boto3.client('s3').put_object(Bucket='{BUCKET}', Key='late')\n",
        Timeout=1,
    )

    run = glue.ended(job, glue.start(job))

    assert run["JobRunState"] == "TIMEOUT"
    assert "timeout" in run["ErrorMessage"]
    time.sleep(4)
    assert not glue.has("late")


def test_stopping_a_run_stops_its_spark_work(glue):
    # Unstopped, the query commits after some seconds.
    job = glue.job(f"""
import os
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
print(os.getppid())
slow = spark.range(0, 4, 1, 2).select(F.expr("java_method('java.lang.Thread', 'sleep', 2000L) is null").alias("x"))
slow.write.parquet("s3://{BUCKET}/stopped/")
""")
    run = glue.start(job)
    wait_until(lambda: bool(glue.state(job, run)["JobRunState"] == "RUNNING" and glue.log(run)))

    answer = glue.client("glue").batch_stop_job_run(JobName=job, JobRunIds=[run])

    assert [stopped["JobRunId"] for stopped in answer["SuccessfulSubmissions"]] == [run]
    assert glue.ended(job, run)["JobRunState"] == "STOPPED"
    wait_until(lambda: not has_processes(int(glue.log(run))))
    time.sleep(5)
    assert not glue.has("stopped/_SUCCESS")
    again = glue.client("glue").batch_stop_job_run(JobName=job, JobRunIds=[run])
    assert [error["JobRunId"] for error in again["Errors"]] == [run]


MEET = f"""
import json, os, sys, time, boto3
own, other = sys.argv[sys.argv.index("--own") + 1], sys.argv[sys.argv.index("--other") + 1]
s3 = boto3.client("s3")
s3.put_object(Bucket="{BUCKET}", Key=own)
for _ in range(600):
    if "Contents" in s3.list_objects_v2(Bucket="{BUCKET}", Prefix=other):
        break
    time.sleep(0.1)
else:
    sys.exit("the other run never came")
print(json.dumps(os.getppid()))
"""


def test_concurrent_runs_are_refused_beyond_the_limit_and_run_at_the_same_time_within_it(glue):
    job = glue.job(MEET, ExecutionProperty={"MaxConcurrentRuns": 2})
    runs = [
        glue.start(job, Arguments={"--own": "meet/a", "--other": "meet/b"}),
        glue.start(job, Arguments={"--own": "meet/b", "--other": "meet/a"}),
    ]

    with pytest.raises(ClientError, match="ConcurrentRunsExceededException"):
        glue.start(job)

    assert [glue.ended(job, run)["JobRunState"] for run in runs] == ["SUCCEEDED", "SUCCEEDED"]
    assert len({glue.log(run) for run in runs}) == 2  # a worker each
    assert len(glue.client("glue").get_job_runs(JobName=job)["JobRuns"]) == 2


def test_archives_of_different_content_are_not_mixed_between_runs(glue):
    script = "import json, shared.rates; print(json.dumps(shared.rates.VAT))"
    rates = {}
    for vat in (19, 21):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as files:
            files.writestr("shared/__init__.py", "")
            files.writestr("shared/rates.py", f"VAT = {vat}")
        rates[vat] = glue.put(f"libs/{vat}/shared.zip", archive.getvalue())

    seen = [glue.answers(script, {"--extra-py-files": rates[vat]}) for vat in (19, 21, 19)]
    without = glue.run(script)

    assert seen == [19, 21, 19]
    assert "ModuleNotFoundError: No module named 'shared'" in without["ErrorMessage"]


def test_a_module_missing_in_the_archive_is_not_imported_from_the_checkout(glue):
    run = glue.run("import cartlake.errors")

    assert "ModuleNotFoundError: No module named 'cartlake.errors'" in run["ErrorMessage"]


def test_functions_of_an_archive_work_in_sparks_python_processes(glue):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("doubling.py", "def double(x):\n    return 2 * x\n")

    said = glue.answers(
        "import json\nfrom doubling import double\nfrom pyspark.sql import SparkSession, functions as F\n"
        "doubled = SparkSession.builder.getOrCreate().range(3).select(F.udf(double, 'long')('id'))\n"
        "print(json.dumps(sorted(row[0] for row in doubled.collect())))\n",
        {"--extra-py-files": glue.put("libs/doubling.zip", archive.getvalue())},
    )

    assert said == [0, 2, 4]


def test_the_state_of_a_run_is_not_visible_to_the_next_one(glue):
    leave = """
import json, os
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.range(3).createOrReplaceTempView("left_behind")
spark.range(3).cache().count()
spark.conf.set("spark.sql.shuffle.partitions", "7")
os.environ["LEFT_BEHIND"] = json.left_behind = "yes"
open("left_behind", "w").close()
"""
    look = """
import json, os
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
print(json.dumps([
    os.getppid(),
    [table.name for table in spark.catalog.listTables()],
    spark.sparkContext._jsc.sc().getPersistentRDDs().size(),
    spark.conf.get("spark.sql.shuffle.partitions"),
    os.environ.get("LEFT_BEHIND"),
    hasattr(json, "left_behind"),
    os.path.exists("left_behind"),
]))
"""
    worker = glue.answers(WORKER)

    assert glue.run(leave)["JobRunState"] == "SUCCEEDED"

    assert glue.answers(look) == [worker, [], 0, "4", None, False, False]


CONF = """
import json, os
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
names = ("spark.sql.shuffle.partitions", "spark.sql.ui.retainedExecutions", "spark.sql.catalog.other.warehouse")
settings = [spark.conf.get(name, None) for name in names]
print(json.dumps([os.getppid(), *settings, spark.sparkContext.getConf().get("spark.task.maxFailures")]))
"""


def test_settings_of_a_session_are_the_runs_own_in_the_same_worker(glue):
    worker = glue.answers(WORKER)
    conf = f"{ICEBERG} --conf spark.sql.shuffle.partitions=11 --conf spark.sql.catalog.other.warehouse=s3://x/"

    assert glue.answers(CONF, {"--conf": conf}) == [worker, "11", None, "s3://x/", None]
    assert glue.answers(CONF) == [worker, "4", None, None, None]


def test_settings_of_the_jvm_need_another_jvm(glue):
    worker = glue.answers(WORKER)
    own = ("spark.sql.ui.retainedExecutions=5", "spark.task.maxFailures=2", "spark.sql.shuffle.partitions=3")
    conf = " --conf ".join((ICEBERG, *own))

    cold = glue.answers(CONF, {"--conf": conf})

    assert cold[0] != worker
    assert cold[1:] == ["3", "5", None, "2"]
    assert glue.answers(CONF) == [worker, "4", None, None, None]
    wait_until(lambda: not is_alive(cold[0]))


def test_a_catalog_that_the_job_does_not_define_does_not_exist(glue):
    run = glue.run(
        "from pyspark.sql import SparkSession\n"
        "SparkSession.builder.getOrCreate().sql('show namespaces in glue_catalog').show()\n",
        {"--conf": EXTENSIONS},
    )

    assert "[SCHEMA_NOT_FOUND] The schema `glue_catalog` cannot be found" in run["ErrorMessage"]


def test_a_job_that_does_not_ask_for_icebergs_statements_has_none(glue):
    run = glue.run(
        "from pyspark.sql import SparkSession\n"
        "SparkSession.builder.getOrCreate().sql('call glue_catalog.system.ancestors_of(\"sales.orders\")').show()\n",
        {"--conf": "spark.sql.shuffle.partitions=2"},
    )

    assert "ParseException" in run["ErrorMessage"]


def test_a_run_is_stopped_even_before_it_has_a_worker(glue):
    job = glue.job(f"import boto3; boto3.client('s3').put_object(Bucket='{BUCKET}', Key='too-late')")
    run = glue.start(job, Arguments={"--conf": "spark.task.maxFailures=3"})  # needs a JVM that has yet to start

    glue.client("glue").batch_stop_job_run(JobName=job, JobRunIds=[run])

    assert glue.ended(job, run)["JobRunState"] == "STOPPED"
    assert not glue.has("too-late")


def test_the_settings_held_to_be_static_are_those_of_spark(glue):
    static = glue.answers("""
import json
from pyspark.sql import SparkSession
jvm = SparkSession.builder.getOrCreate()._jvm
name = "org.apache.spark.sql.internal.StaticSQLConf$"
module = getattr(getattr(jvm, name), "MODULE$")
getters = [m.getName() for m in jvm.java.lang.Class.forName(name).getDeclaredMethods()]
print(json.dumps([getattr(module, getter)().key() for getter in getters if getter.isupper()]))
""")

    assert set(static) == STATIC_SQL_SETTINGS


def test_a_catalog_that_the_job_defines_reads_the_embedded_aws(glue):
    glue.client("glue").create_database(DatabaseInput={"Name": "of_the_job"})
    prefix = "spark.sql.catalog.mine"
    said = glue.answers(
        "import json\nfrom pyspark.sql import SparkSession\n"
        "rows = SparkSession.builder.getOrCreate().sql('show namespaces in mine').collect()\n"
        "print(json.dumps(sorted(row[0] for row in rows)))\n",
        {
            "--conf": f"{EXTENSIONS} --conf {prefix}=org.apache.iceberg.spark.SparkCatalog "
            f"--conf {prefix}.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog --conf {prefix}.warehouse=s3://{BUCKET}/x/"
        },
    )

    assert "of_the_job" in said


@pytest.mark.parametrize(
    ("arguments", "script", "complaint"),
    [
        pytest.param({}, "nothing.py", f"Error downloading from S3 for bucket: {BUCKET}, key: nothing.py", id="script"),
        pytest.param({"--extra-py-files": f"s3://{BUCKET}/no.zip"}, None, "key: no.zip", id="archive"),
        pytest.param({MODULES: "pydantic==0.1"}, None, "pydantic==0.1 (installed is ", id="other version"),
        pytest.param({MODULES: "no-such-thing"}, None, "no-such-thing (not installed)", id="no module"),
        pytest.param({"--datalake-formats": "delta"}, None, "needs --datalake-formats iceberg", id="no Iceberg"),
        pytest.param({"--conf": "spark.sql.shuffle.partitions"}, None, "without '='", id="malformed conf"),
        pytest.param({"--extra-jars": f"s3://{BUCKET}/a.jar"}, None, "--extra-jars is not supported", id="jars"),
    ],
)
def test_a_run_that_cannot_start_fails_like_on_glue(glue, arguments, script, complaint):
    attributes = {"Command": {"Name": "glueetl", "ScriptLocation": f"s3://{BUCKET}/{script}"}} if script else {}

    run = glue.run("print('started')", arguments, **attributes)

    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].startswith("LAUNCH ERROR | ")
    assert complaint in run["ErrorMessage"]
    assert glue.log(run["Id"]) == ""


def test_modules_that_the_environment_has_are_accepted(glue):
    assert glue.run("pass", {MODULES: "pydantic>=2,boto3"})["JobRunState"] == "SUCCEEDED"


def test_a_failed_run_is_retried_as_often_as_the_job_says(glue):
    job = glue.job(
        f"import boto3, sys\ns3 = boto3.client('s3')\n"
        f"if 'Contents' in s3.list_objects_v2(Bucket='{BUCKET}', Prefix='tried/'): sys.exit(0)\n"
        f"s3.put_object(Bucket='{BUCKET}', Key='tried/once')\nsys.exit(1)\n",
        MaxRetries=2,
    )
    first = glue.start(job)
    second = f"{first}_attempt_1"
    wait_until(lambda: len(glue.client("glue").get_job_runs(JobName=job)["JobRuns"]) == 2)

    retried = glue.ended(job, second)

    assert glue.state(job, first)["JobRunState"] == "FAILED"
    assert (retried["JobRunState"], retried["Attempt"], retried["PreviousRunId"]) == ("SUCCEEDED", 1, first)
    assert len(glue.client("glue").get_job_runs(JobName=job)["JobRuns"]) == 2


def test_runs_and_workers_end_with_a_killed_server_and_the_next_server_is_warm(tmp_path):
    with serving(tmp_path, {}) as running:
        job = running.job("import os, time; print(os.getppid()); time.sleep(300)")
        run = running.start(job)
        wait_until(lambda: bool(running.state(job, run)["JobRunState"] == "RUNNING" and running.log(run)))
        worker = int(running.log(run))
        time.sleep(2)  # for the state to be saved

        os.kill(server.status(load(home=tmp_path)).pid, signal.SIGKILL)

        wait_until(lambda: not has_processes(worker))
        log = tmp_path / "logs" / "spark.log"
        log.write_text("")
        server.start(load(home=tmp_path))
        assert running.state(job, run)["JobRunState"] == "FAILED"
        wait_until(lambda: "is warm" in log.read_text())  # there are jobs, so a worker is


def test_a_job_can_do_what_its_role_can_and_no_more(tmp_path):
    script = f"""
import json
import boto3
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()

def refused(work):
    try:
        work()
    except Exception as refusal:
        return "AccessDenied" in str(refusal)
    return False

reads = {{
    "spark": lambda uri: spark.read.text(uri).count(),
    "boto3": lambda uri: boto3.client("s3").get_object(Bucket=uri.split("/")[2], Key="orders.csv"),
}}
print(json.dumps({{
    f"{{name}} {{bucket}}": refused(lambda: read(f"s3://{{bucket}}/orders.csv"))
    for name, read in reads.items() for bucket in ("{BUCKET}", "secret-bucket")
}}))
"""
    own = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": own}]}
    trust = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    with serving(tmp_path, {"LOCALAWS_AUTH": "1", **COLD}) as running:
        iam, s3 = running.client("iam"), running.client("s3")
        iam.create_role(RoleName="glue", AssumeRolePolicyDocument=json.dumps({**policy, "Statement": [trust]}))
        iam.put_role_policy(RoleName="glue", PolicyName="own-bucket", PolicyDocument=json.dumps(policy))
        s3.create_bucket(Bucket="secret-bucket")
        for bucket in (BUCKET, "secret-bucket"):
            s3.put_object(Bucket=bucket, Key="orders.csv", Body=b"order_id\n1\n")

        refused = running.answers(script)

    assert refused == {
        f"spark {BUCKET}": False,
        "spark secret-bucket": True,
        f"boto3 {BUCKET}": False,
        "boto3 secret-bucket": True,
    }
