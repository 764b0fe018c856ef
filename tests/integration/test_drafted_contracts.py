"""A file loads by the contract that was drafted from it: exports as shops write them, and generated ones."""

import hashlib
import shutil
from pathlib import Path

import pytest

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.contracts import ContractError
from cartlake.ledger import Content, ObjectVersion
from cartlake.runs.documents import Manifest, ManifestFile
from cartlake.runs.reconciliation import reconcile
from cartlake.tables.catalog import load_catalog
from cartlake_cli.contracts.drafts.drafting import draft, text_of
from cartlake_cli.migrations.migrate import Placement, apply
from generators.world import generate_world
from glue_jobs.dataset_etl.pipeline import load_files
from glue_jobs.dataset_etl.tasks import TableNames, open_run
from glue_jobs.engines.duckdb.engine import duckdb_engine
from lambdas.file_validator.adapters import LandedFile
from lambdas.file_validator.content.rules import rules_of
from lambdas.file_validator.domain import Candidate, examine, locate

pytestmark = pytest.mark.integration

EXPORTS = Path(__file__).parents[1] / "unit" / "drafts" / "exports"
OPS = Path(contracts.load("ops").source)


@pytest.fixture
def load(localaws, monkeypatch, tmp_path, name):
    """Draft a contract of a file, make its table, validate the file and load it; returns the report."""
    for variable, value in localaws.env.items():
        monkeypatch.setenv(variable, value)
    client.cache_clear()
    for bucket in ("draft-raw", "draft-lake"):
        client("s3").create_bucket(Bucket=bucket)
    databases = {one: f"{name}_{one}" for one in ("processed", "ops")}
    for database in databases.values():
        load_catalog().create_namespace(database, {"location": f"s3://draft-lake/{database}"})

    def run(file):
        guessed = draft(file, None, 100_000)
        folder = tmp_path / f"contracts-{file.name}"
        folder.mkdir()
        shutil.copy(OPS, folder)
        (folder / f"{guessed.name}.odcs.yaml").write_text(text_of(guessed))
        monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(folder))
        contract = contracts.load(guessed.name)
        apply(load_catalog(), [contract, contracts.load("ops")], Placement(databases, {}))
        manifest = manifest_of(contract, file)
        with duckdb_engine(manifest.run_id) as engine:
            names = TableNames("lake", f"{name}_", f"{name}_ops.quarantine_rows", f"{name}_ops.quality_results")
            report = load_files(open_run(manifest, engine, names))
        reconcile(report, {one.file_id for one in manifest.files})
        return guessed, report

    yield run
    client.cache_clear()


def manifest_of(contract, file):
    """The validator's verdict about a file, as a manifest."""
    key = f"incoming/{contract.name}/{file.name}"
    body = file.read_bytes()
    put = client("s3").put_object(Bucket="draft-raw", Key=key, Body=body)
    etag = put["ETag"].strip('"')
    place = locate(key, len(body), {contract.name})
    assert isinstance(place, Candidate)
    landed = ObjectVersion(bucket="draft-raw", key=key, version_id=None, etag=etag, size=len(body))
    verdict = examine(place, rules_of(contract), LandedFile(landed))
    assert isinstance(verdict, Content), verdict
    entry = ManifestFile(
        file_id=hashlib.sha256(key.encode()).hexdigest()[:32],
        uri=f"s3://draft-raw/{key}",
        version_id=None,
        etag=etag,
        size=len(body),
        sha256=verdict.sha256,
        format=verdict.format,
        received_at="2026-03-01T10:00:00.000000Z",
    )
    run_id = f"{contract.name}-20260301T120000-000001"
    return Manifest(
        run_id=run_id, dataset=contract.name, contract_version=contract.version, created_at="", files=[entry]
    )


def test_exports_of_shops_load_whole(load):
    for file in sorted(EXPORTS.glob("*.csv")):
        guessed, report = load(file)

        assert (report.rows.published, report.rows.quarantined) == (guessed.rows, 0), file.name


@pytest.fixture(params=["csv", "jsonl", "parquet"])
def generated(request, tmp_path):
    """A file of each dataset of a small world."""
    folder = tmp_path / "world"
    generate_world(folder, days=2, orders_per_day=40, seed=4, file_format=request.param)
    return {path.parent.name: path for path in sorted(folder.rglob(f"*.{request.param}"))}


def test_generated_files_load_but_for_what_does_not_fit(generated, load):
    assert len(generated) >= 5

    for file in generated.values():
        guessed, report = load(file)

        rows = report.rows
        assert rows.read == rows.published + rows.quarantined + rows.duplicate >= guessed.rows
        assert rows.published >= 0.8 * rows.read, (file.name, report.row_rules)


def test_a_draft_is_no_contract_of_another_name(load, tmp_path):
    guessed = draft(EXPORTS / "stripe_payments.csv", "payments", 10)
    (tmp_path / "other.odcs.yaml").write_text(text_of(guessed))

    with pytest.raises(ContractError, match="must be the name of the file"):
        contracts.parse(tmp_path / "other.odcs.yaml")
