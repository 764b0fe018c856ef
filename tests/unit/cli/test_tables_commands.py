"""`lake tables plan|apply|repair`, `lake contracts drift` and `lake doctor` as a user types them, on a lake of moto."""

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import boto3
import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

from cartlake import contracts
from cartlake.runs.documents import RowCounts
from cartlake.tables.glue_catalog import LakeCatalog
from cartlake_cli.commands.contracts import contracts as contract_commands
from cartlake_cli.commands.lake import doctor
from cartlake_cli.commands.tables import repair as table_repair
from cartlake_cli.commands.tables import tables
from cartlake_cli.context import Lake
from cartlake_cli.migrations.migrate import apply
from cartlake_cli.migrations.placement import Placement
from cartlake_cli.operations import catalog as lake_catalog

RUN = "vendors-20260301T120000-000001"


@pytest.fixture
def catalog(lake, tmp_path, monkeypatch):
    made = LakeCatalog("test", **{"glue.region": "us-east-1"})
    for database in ("processed", "curated", "masked", "ops", "raw"):
        made.create_namespace(database, {"location": (tmp_path / database).as_uri()})
    for module in (lake_catalog, table_repair, doctor):
        monkeypatch.setattr(module, "load_catalog", lambda: made)
    monkeypatch.setattr(lake_catalog.views, "plan", lambda *_: [])
    monkeypatch.setattr(lake_catalog.views, "apply", lambda *_: [])
    monkeypatch.setattr(lake_catalog, "athena_of", lambda _: None)
    monkeypatch.setattr(lake_catalog, "mark_stale", lambda *_: None)
    return made


@pytest.fixture
def made(catalog, monkeypatch):
    """Tables of one contract, `vendors`, with a row."""
    folder = Path(contracts.load("vendors").source)
    monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(folder.parent))
    apply(catalog, contracts.load_all(), Placement({}, {}))
    table = catalog.load_table("processed.vendors")
    schema = table.schema().as_arrow()
    row = {"vendor_id": "VEN-001", "updated_at": 0}
    table.append(pa.Table.from_pylist([{name: row.get(name) for name in schema.names}], schema))
    return catalog


@pytest.fixture
def run(lake):
    app = typer.Typer()

    @app.callback()
    def _(context: typer.Context):
        context.obj = lake

    tables.register(app)
    contract_commands.register(app)
    doctor.register(app)

    def typed(*words):
        lake.output.as_json = False
        result = CliRunner().invoke(app, list(words))
        return result.exit_code, result.stdout, result.exception

    return typed


@pytest.fixture
def edited(made, tmp_path, monkeypatch):
    """Edit the text of a contract, in a folder of its own."""

    def edit(dataset, change):
        folder = tmp_path / "edited"
        folder.mkdir(exist_ok=True)
        for path in Path(contracts.load(dataset).source).parent.glob("*.odcs.yaml"):
            (folder / path.name).write_text(path.read_text())
        path = folder / f"{dataset}.odcs.yaml"
        path.write_text(change(path.read_text()))
        monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(folder))

    return edit


def without_taxes(text):
    start = text.index("      - name: taxes\n")
    return text[:start] + text[text.index("      - name: ", start + 1) :]


def metadata_of(catalog, name="vendors"):
    entry = catalog.glue.get_table(DatabaseName="processed", Name=name)["Table"]
    return Path(entry["Parameters"]["metadata_location"].removeprefix("file://"))


def test_a_plan_with_nothing_in_it_passes_its_check(made, run):
    assert run("tables", "plan", "--check")[0] == 0
    assert json.loads(run("tables", "plan", "--json")[1]) == []


def test_a_plan_says_what_becomes_of_old_rows_and_who_reads_them(edited, run):
    edited("sales_daily", lambda text: without_taxes(text).replace("version: 1.", "version: 2.", 1))

    code, shown, _ = run("tables", "plan", "--json", "--check")

    [drop, _version] = [row for row in json.loads(shown) if row["object"] == "curated.sales_daily"]
    assert code == 1
    assert (drop["change"], drop["target"], drop["breaks readers"]) == ("drop_column", "taxes", True)
    assert "files keep the values" in drop["old data"]
    assert "curated.sales_by_day" in drop["read by"]


def test_no_column_is_dropped_while_a_run_writes(edited, run, lake, made):
    edited("sales_daily", lambda text: without_taxes(text).replace("version: 1.", "version: 2.", 1))
    lake.ledger.locks.acquire("refresh", "refresh-20260301T120000-000001")
    before = made.load_table("curated.sales_daily").metadata_location

    _, _, error = run("tables", "apply")

    assert "run refresh-20260301T120000-000001 is running, and columns of curated.sales_daily" in str(error)
    assert made.load_table("curated.sales_daily").metadata_location == before
    lake.ledger.locks.release("refresh", "refresh-20260301T120000-000001")
    assert run("tables", "apply")[0] == 0
    assert "taxes" not in made.load_table("curated.sales_daily").schema().column_names


def test_a_table_that_glue_lost_is_not_replaced_by_an_empty_one(made, run):
    made.glue.delete_table(DatabaseName="processed", Name="vendors")
    made.glue.delete_table(DatabaseName="processed", Name="products")  # it has no rows

    code, _, error = run("tables", "apply")
    assert (code, "processed.vendors is not in Glue, but its rows are still in S3" in str(error)) == (1, True)
    assert "`lake restore`" in str(error)

    assert run("tables", "apply", "--over-old-files")[0] == 0
    assert made.load_table("processed.vendors").current_snapshot() is None


def test_a_repair_shows_first_and_acts_on_yes(made, run):
    current = metadata_of(made)
    current.unlink()

    code, shown, error = run("tables", "repair", "vendors", "--json")
    refused = json.loads(shown)
    still_broken = run("tables", "plan", "--json")[1]
    done, answer, _ = run("tables", "repair", "vendors", "--yes", "--json")

    assert (code, "Repeat the command with --yes" in str(error)) == (1, True)
    assert refused["broken"] == f"file://{current} is missing"
    assert refused["commits lost"] == 1
    assert [one["added_rows"] for one in refused["snapshots lost"]] == [1]
    assert f"processed.vendors cannot be read: its metadata file file://{current} is missing" in still_broken
    assert (done, json.loads(answer)["repaired"]) == (0, True)
    assert made.load_table("processed.vendors").scan().to_arrow().num_rows == 0
    assert json.loads(run("tables", "repair", "processed.vendors", "--json")[1]) == {"repaired": False}


def test_a_repair_names_the_command_that_reads_lost_files_again(made, run, lake, load_file, monkeypatch):
    counts = RowCounts(read=1, published=1, quarantined=0, duplicate=0)
    day = load_file("vendors", RUN, counts).received_at[:10]
    metadata_of(made).unlink()
    said = []
    monkeypatch.setattr(lake.output, "say", said.append)

    run("tables", "repair", "vendors", "--yes")

    assert f"lake backfill vendors --from {day} --to {day}" in " ".join(said)


def test_a_repair_waits_for_the_run_that_writes(made, run, lake):
    metadata_of(made).unlink()
    lake.ledger.locks.acquire("vendors", RUN)

    code, _, error = run("tables", "repair", "vendors", "--yes")

    assert code == 1
    assert f"Run {RUN} is writing processed.vendors" in str(error)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("vendor", "There is no table 'vendor'. There are:"),
        ("products", "is not in Glue. `lake tables apply` creates it"),
    ],
)
def test_a_table_that_is_not_there_cannot_be_repaired(made, run, table, words):
    made.glue.delete_table(DatabaseName="processed", Name="products")

    assert words in str(run("tables", "repair", table)[2])


def test_doctor_names_the_repair(made, lake):
    readable = doctor._tables(lake)
    current = metadata_of(made)
    current.write_text("{")
    broken = doctor._tables(lake)

    assert (readable.found.endswith(" can be read"), readable.advice) == (True, "")
    assert str(current) in broken.found
    assert broken.advice == "`lake tables repair processed.vendors`"


def test_doctor_knows_tables_that_were_not_made(made, lake):
    made.glue.delete_table(DatabaseName="processed", Name="products")

    assert doctor._tables(lake).advice == "`lake tables apply` creates them."


class Crawled:
    """A crawler that may have run, beside the Glue of moto."""

    def __init__(self, last):
        self.last, self.glue = last, boto3.client("glue")

    def get_crawler(self, Name):  # noqa: N803
        return {"Crawler": {"Name": Name} | ({"LastCrawl": self.last} if self.last else {})}

    def __getattr__(self, name):
        return getattr(self.glue, name)


@pytest.fixture
def crawled(lake, catalog, monkeypatch):
    def happened(last, **columns):
        outputs = dict(vars(Lake.outputs)) | {"crawlers": {"raw": "test-raw"}}
        outputs["buckets"] = outputs["buckets"] | {"raw": "raw"}
        outputs["databases"] = outputs["databases"] | {"raw": "raw"}
        monkeypatch.setattr(Lake, "outputs", SimpleNamespace(**outputs))
        glue, others = Crawled(last), Lake.client
        monkeypatch.setattr(Lake, "client", lambda own, service: glue if service == "glue" else others(own, service))
        for dataset, found in columns.items():
            storage = {
                "Location": f"s3://raw/incoming/{dataset}/",
                "Columns": [{"Name": name, "Type": "string"} for name in found],
            }
            table = {"Name": dataset, "Parameters": {"classification": "csv"}, "StorageDescriptor": storage}
            glue.create_table(DatabaseName="raw", TableInput=table)

    return happened


def succeeded():
    return {"Status": "SUCCEEDED", "StartTime": datetime(2026, 3, 1, 12, tzinfo=UTC)}


def vendors():
    return [column.name for column in contracts.load("vendors").table.file_columns]


def test_drift_is_shown_and_fails(crawled, run):
    crawled(succeeded(), vendors=[*vendors()[1:], "fax"], vendors_old=["nothing"])

    code, shown, _ = run("contracts", "drift", "vendors", "--json")

    answer = json.loads(shown)
    assert code == 1
    assert [(one["difference"], one["column"]) for one in answer["drift"]] == [
        ("missing", "vendor_id"),
        ("unknown", "fax"),
    ]
    assert [one["name"] for one in answer["tables"]] == ["vendors"]


def test_files_as_the_contract_says_pass_and_datasets_without_files_are_named(crawled, run):
    crawled(succeeded(), vendors=vendors())

    code, shown, _ = run("contracts", "drift", "--json")

    answer = json.loads(shown)
    assert (code, answer["drift"], answer["crawled_at"]) == (0, [], "2026-03-01 12:00:00")
    assert set(answer["not_crawled"]) == set(contracts.names()) - {"vendors"}


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (None, "The crawler test-raw has not run yet, so the columns of the raw files are unknown: `lake crawl`."),
        ({"Status": "FAILED", "ErrorMessage": "no access"}, "is FAILED: no access. Again: `lake crawl`."),
    ],
    ids=["never", "failed"],
)
def test_drift_needs_a_crawl(crawled, run, last, words):
    crawled(last)

    code, _, error = run("contracts", "drift")

    assert (code, words in str(error)) == (1, True)


def test_a_dataset_without_files_is_refused_by_name(crawled, run):
    assert "There is no dataset 'sales_daily' that files are dropped for" in str(
        run("contracts", "drift", "sales_daily")[2]
    )
