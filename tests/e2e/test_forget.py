"""A person with rows everywhere in a deployed lake is erased: no object has a trace of them, all else stays."""

import csv
import gzip
import io
import json

import pytest

from cartlake import contracts
from cartlake_cli.erasure.copies import scan
from cartlake_cli.erasure.subject import Subject
from cartlake_cli.operations.follow import wait_for_refresh

pytestmark = pytest.mark.e2e

FIRST, SECOND = "CUS-9990001", "CUS-9990002"
MAIL, NAME = "planted.marker@example.org", "Plantedmarker"
MARKERS = Subject(frozenset({FIRST, SECOND, "GLD-9990001"}), frozenset({MAIL, NAME}))


def header(dataset):
    return [column.name for column in contracts.load(dataset).table.file_columns]


def written(dataset, rows):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, header(dataset), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def customer(number, name, mail, phone):
    return {
        "customer_id": number,
        "source_system": "shop",
        "first_name": "Ada",
        "last_name": name,
        "email": mail,
        "phone": phone,
        "birth_date": "1985-12-10",
        "street": "Hauptstrasse 12",
        "postal_code": "10115",
        "city": "Berlin",
        "country_code": "DE",
        "marketing_consent": "true",
        "registered_at": "2024-05-01T10:00:00Z",
        "updated_at": "2026-02-01T08:00:00Z",
    }


@pytest.fixture
def planted(lake, run_lake, orders, tmp_path):
    """Rows of one person among those of others, in every place; returns the file of their orders."""

    def drop(dataset, name, content, state="LOADED"):
        path = tmp_path / name
        path.write_bytes(content)
        [file] = json.loads(run_lake("drop", dataset, path, "--wait", "--json", exit_code=None).stdout)
        assert file["state"] == state, file
        return path, file

    people = [
        customer(FIRST, NAME, MAIL, "+4930999001"),
        customer(SECOND, NAME, MAIL, "+4930999001"),
        customer("CUS-9990003", "Other", "other@example.org", "+4930999003"),
    ]
    drop("customers", "planted-customers.csv", written("customers", people))
    with orders(40)[0].open() as file:
        lines = list(csv.DictReader(file))
    for place, line in enumerate(lines[:3]):  # orders of their own, so that no order is of two customers
        line.update(order_id=f"ORD-EEEE{place:06X}", line_number=1, customer_id=FIRST, customer_email=MAIL)
    lines[2]["order_status"] = "lost"
    for line in lines[3:]:
        line["customer_email"] = "other@example.org"
    content = gzip.compress(written("transactions", lines))
    path, _ = drop("transactions", "planted-orders.csv.gz", content)
    drop(
        "transactions", "refused.csv", f"{','.join(header('transactions'))},more\n{MAIL},{FIRST}\n".encode(), "REJECTED"
    )
    run_lake("query", f"select * from processed.customers where customer_id = '{FIRST}'")
    run_lake("export", "customers", "--with-pii", "--overwrite")
    return path, lines, drop


def traces(lake, zones=None):
    buckets = [lake.outputs.buckets[zone] for zone in zones or sorted(lake.outputs.buckets)]
    return [f"{one.bucket}/{one.key}" for one in scan(buckets, MARKERS).left]


def others(rows_of):
    sql = "select count(*), sum(net_amount) from curated.fct_orders where customer_id not in ('{}', '{}')"
    tables = ("transactions", "customers")
    counts = [
        f"select count(*) from processed.{one} where customer_id not in ('{FIRST}', '{SECOND}')" for one in tables
    ]
    return [rows_of(one) for one in (*counts, sql.format(FIRST, SECOND))]


@pytest.mark.timeout(1800)  # it looks into every object of the lake six times
def test_no_object_has_a_trace_of_an_erased_person_and_files_that_bring_them_back_are_caught(
    lake, run_lake, rows_of, planted, follow_runbook
):
    path, lines, drop = planted
    wait_for_refresh(lake)
    before = others(rows_of)
    assert len(traces(lake, ["curated", "processed", "quarantine", "raw"])) > 10

    missing = run_lake("forget", "--customer", "CUS-9999999", "--dry-run", exit_code=1)  # 4 in a shell
    assert "No table, file or export" in str(missing.exception)
    lake.ledger.locks.acquire("transactions", "transactions-20260301T120000-aaaaaa")
    busy = run_lake("forget", "--customer", FIRST, "--yes", exit_code=1)
    assert "transactions-20260301T120000-aaaaaa of transactions is at work" in str(busy.exception)
    lake.ledger.locks.release("transactions", "transactions-20260301T120000-aaaaaa")
    shown = json.loads(run_lake("forget", "--customer", SECOND, "--dry-run", "--json").stdout)

    report = json.loads(run_lake("forget", "--customer", SECOND, "--yes", "--json").stdout)
    wait_for_refresh(lake)

    assert (report["records"], report["left"]) == (3, 0)
    assert report["counts"] == shown["counts"]
    found = {place: sum(counted.values()) for place, counted in report["counts"].items()}
    places = (
        "raw files",
        "processed.customers",
        "curated.dim_customer",
        "processed.transactions",
        "ops.quarantine_rows",
    )
    assert min(found[place] for place in (*places, "rejected files", "exports", "query results")) > 0
    assert report["counts"]["raw files"] == {"files": 3, "rows": 5, "deleted_files": 1}
    assert traces(lake) == []
    assert others(rows_of) == before
    text = json.dumps(report)
    assert not any(word in text for word in (FIRST, SECOND, MAIL, NAME))
    assert json.loads(run_lake("sweep", "--grace", 0, "--dry-run", "--json").stdout)["files"]["unrecorded"] == 0

    # The file comes again, and then a new one with the person.
    again = path.with_name(f"again-{path.name}")
    drop("transactions", again.name, path.read_bytes(), "DUPLICATE")
    late = [line | {"order_id": f"ORD-FFFF{place:06X}"} for place, line in enumerate(lines[:2] + lines[3:5])]
    _, file = drop("transactions", "late.csv", written("transactions", late))
    run = json.loads(run_lake("run", "show", file["run_id"], "--json").stdout)
    assert (run["read"], run["published"], run["quarantined"]) == (4, 2, 2)
    refused = rows_of(
        f"select array_join(reasons, ','), raw_record from ops.quarantine_rows where run_id = '{file['run_id']}'"
    )
    assert refused == [["person_was_erased", "{}"]] * 2
    assert sorted({one.rpartition("/")[2] for one in traces(lake)}) == [again.name, "late.csv"]
    wait_for_refresh(lake)

    assert "late.csv" not in follow_runbook("erasure-request", "Find out", CUSTOMER=FIRST)
    follow_runbook("erasure-request", "Erase", CUSTOMER=FIRST)
    wait_for_refresh(lake)
    assert traces(lake) == []
