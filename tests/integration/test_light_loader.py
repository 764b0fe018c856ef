"""The light loader against the embedded AWS: from a manifest to a branch, and what makes it leave a batch to Spark."""

import hashlib
import json
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from botocore.config import Config
from pyiceberg.table.update import SetSnapshotRefUpdate

from cartlake import contracts
from cartlake.aws import clients
from cartlake.aws.clients import client
from cartlake.errors import TransientError
from cartlake.runs.documents import EngineChoice, FileFormat, Manifest, ManifestFile, TransformReport
from cartlake.tables.catalog import load_catalog
from cartlake.tables.table_size import table_bytes
from cartlake_cli.migrations.migrate import _create
from cartlake_cli.migrations.placement import Placement
from generators.transactions import generate_transactions
from glue_jobs.engines.duckdb.limits import EngineLimitError
from tests.integration.throttling import throttled

pytestmark = pytest.mark.integration

DATASET = "transactions"
CONTEXT = SimpleNamespace(
    function_name="light-loader",
    memory_limit_in_mb=1024,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:light-loader",
    aws_request_id="1",
)


@pytest.fixture
def loader(localaws, monkeypatch, name):
    """The function's module, in a lake whose databases begin with the test's name."""
    settings = {
        "ARTIFACTS_BUCKET": "light-artifacts",
        "DATABASE_PREFIX": f"{name}_",
        "LIGHT_TABLE_MAX_MB": "1024",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }
    for variable, value in {**localaws.env, **settings}.items():
        monkeypatch.setenv(variable, value)
    client.cache_clear()
    from lambdas.light_loader import handler
    from lambdas.light_loader.settings import settings as read

    read.cache_clear()
    make_lake(f"{name}_")
    yield handler
    read.cache_clear()
    client.cache_clear()


def make_lake(prefix):
    """The tables that a load of transactions reads and writes, all empty."""
    for bucket in ("light-raw", "light-artifacts", "light-lake"):
        client("s3").create_bucket(Bucket=bucket)
    catalog = load_catalog()
    databases = {one: prefix + one for one in ("processed", "ops")}
    for database in databases.values():
        catalog.create_namespace(database, {"location": f"s3://light-lake/{database}"})
    for contract in contracts.load_all():
        for table in contract.tables:
            if table.database in databases and (contract.droppable or contract.name == "ops"):
                _create(catalog, table, Placement(databases, {}))


@pytest.fixture
def load(loader, tmp_path, name):
    """Drop generated order lines and load them as the run with this number; returns the report."""

    def run(number, rows):
        folder = tmp_path / str(number)
        generate_transactions(folder, rows=rows, days=1, seed=number)
        run_id = f"{DATASET}-20260301T120000-{number:06x}"
        uri = f"s3://light-artifacts/runs/{name}/{run_id}.json"
        [path] = folder.glob("*.csv")
        chosen = EngineChoice(engine="light", reason="a small file")
        manifest = Manifest(
            run_id=run_id,
            dataset=DATASET,
            contract_version="1.0.0",
            created_at="",
            files=[dropped(path, f"{name}/{number}.csv")],
            engine=chosen,
        )
        client("s3").put_object(
            Bucket="light-artifacts", Key=uri.split("/", 3)[3], Body=manifest.model_dump_json().encode()
        )
        request = {"run_id": run_id, "subject": DATASET, "step": "transform", "input_uri": uri}
        answer = loader.lambda_handler(request, CONTEXT)
        body = client("s3").get_object(Bucket="light-artifacts", Key=answer["report_uri"].split("/", 3)[3])["Body"]
        return TransformReport.model_validate(json.loads(body.read()))

    return run


def dropped(path, key):
    body = path.read_bytes()
    put = client("s3").put_object(Bucket="light-raw", Key=f"incoming/{key}", Body=body)
    columns = [column.name for column in contracts.load(DATASET).table.file_columns]
    return ManifestFile(
        file_id=hashlib.sha256(key.encode()).hexdigest()[:32],
        uri=f"s3://light-raw/incoming/{key}",
        version_id=None,
        etag=put["ETag"].strip('"'),
        size=len(body),
        sha256="",
        format=FileFormat(kind="csv", header=columns),
    )


def publish(name, report):
    table = load_catalog().load_table((f"{name}_processed", DATASET))
    head = SetSnapshotRefUpdate(ref_name="main", type="branch", snapshot_id=int(report.snapshot_id))
    with table.transaction() as transaction:
        transaction._apply((head,))


def test_a_file_becomes_rows_on_a_branch_that_nobody_reads_yet(load, name):
    report = load(1, rows=60)

    table = load_catalog().load_table((f"{name}_processed", DATASET))
    branch = table.metadata.refs[report.branch]
    rows = report.rows
    assert rows.read == rows.published + rows.quarantined + rows.duplicate == 60
    assert str(branch.snapshot_id) == report.snapshot_id
    written = table.metadata.snapshot_by_id(branch.snapshot_id).summary.additional_properties["added-files-size"]
    assert report.size >= int(written) > 0
    assert table.scan(snapshot_id=branch.snapshot_id).to_arrow().num_rows == rows.published > 0
    assert table.current_snapshot() is None
    assert report.engine == EngineChoice(engine="light", reason="a small file")
    assert 0 < report.cost_usd < 0.01


def test_the_size_that_the_claim_goes_by_is_that_of_the_files_on_main(load, name):
    assert table_bytes(f"{name}_processed", DATASET) == 0

    publish(name, load(1, rows=60))

    table = load_catalog().load_table((f"{name}_processed", DATASET))
    files = [task.file.file_size_in_bytes for task in table.scan().plan_files()]
    assert table_bytes(f"{name}_processed", DATASET) == sum(files) > 0


def test_a_merge_that_would_look_at_too_much_of_the_table_is_left_to_spark(load, name, monkeypatch):
    from lambdas.light_loader import adapters

    publish(name, load(1, rows=60))
    limited = adapters.settings().model_copy(update={"light_table_max_mb": 0})
    monkeypatch.setattr(adapters, "settings", lambda: limited)

    with pytest.raises(EngineLimitError, match="more than the 0 MB"):
        load(2, rows=60)


@pytest.fixture
def throttle(localaws, load, name, monkeypatch):
    """Publish a load; then all requests of this process go through a proxy that refuses some of them."""
    publish(name, load(1, rows=60))

    @contextmanager
    def refuse(**times):
        with throttled(localaws.endpoint, **times) as (endpoint, refusing), monkeypatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", endpoint)
            client.cache_clear()
            yield refusing
        client.cache_clear()

    return refuse


def test_a_load_is_right_though_s3_and_glue_refuse_requests_for_being_too_many(load, throttle):
    times = {
        "DuckDB_HEAD": 1,
        "DuckDB_GET": 1,
        "boto3_GET": 2,
        "boto3_PUT": 2,
        "Glue_GetTable": 1,
        "Glue_UpdateTable": 1,
    }

    with throttle(**times) as refusing:
        report = load(2, rows=60)

    rows = report.rows
    assert refusing.refused == {kind.replace("_", " "): number for kind, number in times.items()}
    assert rows.read == rows.published + rows.quarantined + rows.duplicate == 60


@pytest.mark.parametrize("kind", ["DuckDB_GET", "boto3_PUT_parquet", "Glue_UpdateTable"])
def test_a_load_that_is_always_refused_fails_by_the_name_that_is_tried_again(load, throttle, monkeypatch, kind):
    monkeypatch.setattr(clients, "_CONFIG", clients._CONFIG.merge(Config(retries={"total_max_attempts": 1})))

    with throttle(**{kind: 10_000}) as refusing, pytest.raises(TransientError, match=r"try again"):
        load(2, rows=60)

    assert set(refusing.refused) == {kind.replace("_", " ")}
