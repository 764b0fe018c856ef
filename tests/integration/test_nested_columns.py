"""Nested columns from file to query in the embedded AWS: loaded by the light engine, evolved, read by Athena's SQL."""

import hashlib
import io
import json
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyiceberg.table.update import SetSnapshotRefUpdate

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.runs.documents import FileFormat, Manifest, ManifestFile
from cartlake.runs.reconciliation import reconcile
from cartlake.tables.catalog import load_catalog
from cartlake_cli.athena.client import Athena
from cartlake_cli.migrations.migrate import DestructiveChangeError, Placement, apply, plan
from glue_jobs.dataset_etl.pipeline import load_files
from glue_jobs.dataset_etl.tasks import TableNames, open_run
from glue_jobs.engines.duckdb.engine import duckdb_engine

pytestmark = pytest.mark.integration

CONTRACT = Path(__file__).parents[1] / "e2e" / "baskets.odcs.yaml"
WORKGROUP = "nested"
AT = "2026-03-01T10:00:00Z"
HEADER = ["basket_id", "updated_at", "items", "address", "labels"]
GOOD = {
    "items": [{"sku": "SKU-1", "price": 1.5, "quantity": 2, "tags": ["new", None]}, {"sku": "SKU-2", "price": 0.10}],
    "address": {"city": "Graz", "geo": {"lat": 47.07, "since": "2026-02-03"}},
    "labels": ["a", ""],
}
BAD = GOOD | {"items": [GOOD["items"][0], {"price": -1}, {"sku": "SKU-3", "price": "1.005"}], "address": {"city": None}}
REASONS = ["uncastable:items[2].price", "items[1].sku_required", "items[1].price_in_range", "address.city_required"]


class BasketLake:
    """Tables of baskets and of quarantine in databases of their own, which the light engine loads."""

    def __init__(self, prefix):
        self.prefix, self.runs = prefix, 0
        self.catalog = load_catalog()
        self.placement = Placement({name: prefix + name for name in ("processed", "ops")}, {})
        for bucket in ("nested-raw", "nested-lake"):
            client("s3").create_bucket(Bucket=bucket)
        results = {"ResultConfiguration": {"OutputLocation": "s3://nested-lake/results/"}}
        client("athena").create_work_group(Name=WORKGROUP, Configuration=results)
        for name in ("processed", "ops"):
            self.catalog.create_namespace(prefix + name, {"location": f"s3://nested-lake/{prefix}{name}"})

    def apply(self):
        return apply(self.catalog, [contracts.load("baskets"), contracts.load("ops")], self.placement)

    def load(self, **files):
        """Load files, given by name without its end: content and format; returns the report."""
        self.runs += 1
        run_id = f"baskets-20260301T120000-{self.runs:06x}"
        manifest = Manifest(
            run_id=run_id,
            dataset="baskets",
            contract_version="1.0.0",
            created_at="",
            files=[landed(f"{self.runs}/{name}", content, **layout) for name, (content, layout) in files.items()],
        )
        with duckdb_engine(run_id) as engine:
            ops = f"{self.prefix}ops"
            names = TableNames("lake", self.prefix, f"{ops}.quarantine_rows", f"{ops}.quality_results")
            report = load_files(open_run(manifest, engine, names))
        reconcile(report, {file.file_id for file in manifest.files})
        table = self.table()
        head = SetSnapshotRefUpdate(ref_name="main", type="branch", snapshot_id=int(report.snapshot_id))
        with table.transaction() as transaction:
            transaction._apply((head,))
        return report

    def table(self):
        return self.catalog.load_table((f"{self.prefix}processed", "baskets"))

    def rows(self):
        with duckdb_engine("read") as engine:
            rows = engine.collect(engine.read_table(f"lake.{self.prefix}processed.baskets"))
        return {row["basket_id"]: row for row in rows}

    def asked(self, sql):
        return Athena(client("athena"), WORKGROUP).run(sql, database=f"{self.prefix}processed").rows


def landed(name, content, **layout):
    key = f"incoming/baskets/{name}"
    put = client("s3").put_object(Bucket="nested-raw", Key=key, Body=content)
    return ManifestFile(
        file_id=hashlib.sha256(key.encode()).hexdigest()[:32],
        uri=f"s3://nested-raw/{key}",
        version_id=None,
        etag=put["ETag"].strip('"'),
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        format=FileFormat(**layout),
    )


@pytest.fixture
def lake(localaws, monkeypatch, tmp_path, name):
    """A lake whose contracts are in `tmp_path/contracts`."""
    for variable, value in localaws.env.items():
        monkeypatch.setenv(variable, value)
    folder = tmp_path / "contracts"
    folder.mkdir()
    for path in (CONTRACT, Path(contracts.load("ops").source)):
        shutil.copy(path, folder)
    monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(folder))
    client.cache_clear()
    made = BasketLake(f"{name}_")
    made.apply()
    yield made
    client.cache_clear()


def change_contract(tmp_path, monkeypatch, *replaced):
    """Use contracts in which texts of that of baskets are replaced."""
    folder = tmp_path / f"contracts-{len(list(tmp_path.iterdir()))}"
    shutil.copytree(tmp_path / "contracts", folder)
    path = folder / CONTRACT.name
    for old, new in replaced:
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(folder))


def json_lines(**rows):
    lines = [json.dumps({"basket_id": key, "updated_at": AT, **row}) for key, row in rows.items()]
    return "\n".join(lines).encode(), {"kind": "jsonl"}


def csv_file(**rows):
    def cells(key, row):
        texts = [key, AT, *(json.dumps(row.get(name)) for name in HEADER[2:])]
        return ",".join('"' + text.replace('"', '""') + '"' for text in texts)

    lines = [",".join(HEADER), *(cells(key, row) for key, row in rows.items())]
    return "\n".join(lines).encode() + b"\n", {"kind": "csv", "header": HEADER}


def parquet_file(**rows):
    """Prices that do not fit are left out: Parquet has types."""
    price, at = pa.decimal128(12, 2), datetime(2026, 3, 1, 10, tzinfo=UTC)
    item = pa.struct({"sku": pa.string(), "price": price, "unitCount": pa.int32(), "tags": pa.list_(pa.string())})
    geo = pa.struct({"lat": pa.float64(), "since": pa.string()})

    def priced(item):
        return {
            **item,
            "unitCount": item.get("quantity"),
            "price": Decimal(str(item["price"])) if isinstance(item.get("price"), int | float) else None,
        }

    columns = {
        "basket_id": pa.array(list(rows)),
        "updated_at": pa.array([at] * len(rows), pa.timestamp("us", "UTC")),
        "items": pa.array([[priced(one) for one in row["items"]] for row in rows.values()], pa.list_(item)),
        "address": pa.array([row["address"] for row in rows.values()], pa.struct({"city": pa.string(), "geo": geo})),
        "labels": pa.array([row["labels"] for row in rows.values()], pa.list_(pa.string())),
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue(), {"kind": "parquet", "header": HEADER}


def values(row):
    return {name: row[name] for name in HEADER[2:]}


def test_a_nested_row_is_the_same_from_every_format_and_is_queried_by_its_parts(lake, tmp_path, monkeypatch):
    report = lake.load(
        json=json_lines(J1=GOOD, J2=BAD, J3=GOOD | {"items": {"sku": "x"}}, J4={}),
        csv=csv_file(C1=GOOD, C2=BAD),
        parquet=parquet_file(P1=GOOD, P2=BAD),
    )

    assert tuple(report.rows.model_dump().values()) == (8, 4, 4, 0)
    rows = lake.rows()
    assert values(rows["J1"]) == values(rows["C1"]) == values(rows["P1"])
    assert rows["J1"]["items"] == [
        {"sku": "SKU-1", "price": Decimal("1.50"), "quantity": 2, "tags": ["new", None]},
        {"sku": "SKU-2", "price": Decimal("0.10"), "quantity": None, "tags": None},
    ]
    assert rows["J1"]["labels"] == ["a", None]
    assert values(rows["J4"]) == dict.fromkeys(HEADER[2:])
    refused = lake.catalog.load_table((f"{lake.prefix}ops", "quarantine_rows")).scan().to_arrow().to_pylist()
    assert {json.loads(row["raw_record"])["basket_id"]: row["reasons"] for row in refused} == {
        "J2": REASONS,
        "C2": REASONS,
        "P2": REASONS[1:],
        "J3": ["uncastable:items"],
    }
    assert {one.rule: one.broken for one in report.row_rules}["items[].price_in_range"] == 3

    check_queries(lake)
    check_evolution(lake, tmp_path, monkeypatch)


def check_queries(lake):
    assert lake.asked("select address.city, address.geo.lat, items[1].sku from baskets where basket_id = 'J1'") == [
        ["Graz", "47.07", "SKU-1"]
    ]
    listed = lake.asked(
        "select basket_id, sku, price from baskets cross join unnest(items) as t(sku, price, quantity, tags) "
        "where basket_id in ('C1', 'J4') order by 2"
    )
    assert listed == [["C1", "SKU-1", "1.50"], ["C1", "SKU-2", "0.10"]]
    kinds = {
        column["Name"]: column["Type"]
        for column in client("glue").get_table(DatabaseName=f"{lake.prefix}processed", Name="baskets")["Table"][
            "StorageDescriptor"
        ]["Columns"]
    }
    assert kinds["items"] == "array<struct<sku:string,price:decimal(12,2),quantity:int,tags:array<string>>>"
    assert kinds["address"] == "struct<city:string,geo:struct<lat:double,since:date>>"


def check_evolution(lake, tmp_path, monkeypatch):
    """A field is added to a struct in a list: old rows read null in it, and take part in merges as before."""
    colour = "            - name: colour\n              logicalType: string\n              physicalType: string\n"
    change_contract(
        tmp_path,
        monkeypatch,
        ("version: 1.0.0", "version: 1.1.0"),
        ("array<struct<sku:string,price:decimal(12,2),quantity:int,tags:array<string>>>", "array"),
        ("            - name: quantity\n", f"{colour}            - name: quantity\n"),
        ("struct<lat:double,since:date>", "struct"),
    )

    changes = lake.apply()

    assert ("add_field", "items[].colour") in {(change.action, change.target) for change in changes}
    assert plan(lake.catalog, [contracts.load("baskets")], lake.placement) == []
    changed = GOOD | {"items": [{"sku": "SKU-9", "colour": "red"}], "updated_at": "2026-03-01T11:00:00Z"}
    same = GOOD | {"labels": ["a", "b", "c"]}
    lake.load(more=json_lines(J1=changed, C1=same, J5=changed))
    rows = lake.rows()
    assert rows["J1"]["items"] == [{"sku": "SKU-9", "price": None, "colour": "red", "quantity": None, "tags": None}]
    assert [one["colour"] for one in rows["P1"]["items"]] == [None, None]
    assert rows["C1"]["labels"] == ["a", "b", "c"]
    assert lake.asked("select items[1].colour from baskets where basket_id in ('J5', 'P1') order by 1") == [
        ["red"],
        [None],
    ]
    change_contract(tmp_path, monkeypatch, ("version: 1.0.0", "version: 1.2.0"))
    with pytest.raises(DestructiveChangeError, match=r"items\[\]\.colour.*raise the contract's version to 2\.0\.0"):
        lake.apply()
