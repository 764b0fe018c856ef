"""The HTTP API of the deployed lake: tokens of an issuer, signed requests, queries as Athena answers them, refusals."""

import json
import subprocess
import sys
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from cartlake.times import parse, utc_now
from cartlake_cli.commands.lake.api import address
from tests.e2e.conftest import eventually, generated_orders
from tests.e2e.issuer import Issuer

pytestmark = pytest.mark.e2e


class Answer:
    """Status, headers and body of an answer, whatever the status."""

    def __init__(self, found):
        self.status, self.headers, text = found.status, found.headers, found.read().decode()
        self.body = json.loads(text) if text else None


def request(url, headers, body=None):
    sent = urllib.request.Request(url, data=None if body is None else json.dumps(body).encode(), headers=dict(headers))
    if body is not None:
        sent.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(sent, timeout=60) as found:
            return Answer(found)
    except urllib.error.HTTPError as refused:
        return Answer(refused)


@pytest.fixture(scope="module")
def loaded(lake, run_lake, tmp_path_factory):
    """Order lines in the lake, some of which are refused, and all tables refreshed; the id of the run."""
    orders, _ = generated_orders(tmp_path_factory.mktemp("api"), 80)
    orders.write_text(orders.read_text().replace(",card,", ",barter,"))
    [file] = json.loads(run_lake("drop", "transactions", orders, "--wait", "--json").stdout)
    run_lake("recompute", "curated.sales_daily")
    eventually(lambda: not lake.ledger.stale.pending() and lake.ledger.locks.get("refresh") is None, 300)
    return file["run_id"]


@pytest.fixture(scope="module")
def ask(lake, loaded, issuer):
    """Send a request as a person of some groups, or with any token."""
    url = address(lake, lake.outputs.apis["people"])

    def ask(path, *groups, token=None, body=None, **headers):
        sent = {"Authorization": f"Bearer {token or issuer.token(*groups)}"}
        return request(f"{url}{path}", sent | {name.replace("_", "-"): value for name, value in headers.items()}, body)

    return ask


@pytest.fixture(scope="module")
def signed(lake, loaded):
    """Send a request that a principal signs."""

    def signed(path, session, body=None):
        url = f"{address(lake, lake.outputs.apis['machines'])}{path}"
        aws = AWSRequest("GET" if body is None else "POST", url, data=None if body is None else json.dumps(body))
        SigV4Auth(session.get_credentials(), "execute-api", lake.outputs.region).add_auth(aws)
        return request(url, aws.headers, body)

    return signed


def rows_of_query(ask, name, *groups, **body):
    """Start a named query, poll it, and follow its pages of two rows; the columns and all rows."""
    started = ask(f"/v1/queries/{name}", *groups, body=body)
    assert started.status == 202, started.body
    place = f"{started.headers['Location']}?limit=2"
    page = eventually(lambda: ended(ask(place, *groups)))
    assert page.body["state"] == "succeeded", page.body
    rows = page.body["rows"]
    while cursor := page.body["next_cursor"]:
        page = ask(f"{place}&cursor={cursor}", *groups)
        rows += page.body["rows"]
    return [column["name"] for column in page.body["columns"]], rows


def ended(answer):
    assert answer.status == 200, answer.body
    return answer if answer.body["state"] not in {"queued", "running"} else None


@pytest.mark.parametrize("role", ["analyst", "data_engineer"])
def test_a_named_query_has_the_rows_that_athena_answers(ask, run_lake, role):
    given = {"first_day": "2026-01-01"}
    columns, rows = rows_of_query(ask, "daily_kpis", role, parameters=given)

    expected = json.loads(run_lake("query", "daily_kpis", "-p", "first_day=2026-01-01", "--json").stdout)
    records = expected["rows"] if isinstance(expected, dict) else expected
    assert len(rows) > 2
    assert [dict(zip(columns, row, strict=True)) for row in rows] == [
        {name: None if value is None else str(value) for name, value in record.items()} for record in records
    ]


def test_a_result_is_used_again_until_a_table_changes(lake, ask, run_lake):
    given = {"parameters": {"first_day": "2026-01-02"}}
    place = ask("/v1/queries/daily_kpis", "analyst", body=given | {"fresh": True}).headers["Location"]
    first = eventually(lambda: ended(ask(place, "analyst")))

    asked_at = utc_now()
    again = ask("/v1/queries/daily_kpis", "analyst", body=given)
    soon = eventually(lambda: ended(ask(again.headers["Location"], "analyst")))

    assert first.body["reused"] is False
    assert soon.body["rows"] == first.body["rows"]
    changed_at = parse(ask("/v1/tables/curated.sales_daily", "analyst").body["changed_at"])
    minutes = (asked_at - changed_at).total_seconds() / 60
    if not 1.5 < minutes < 2.5:  # two minutes after a change a result is used again that is a minute old at most
        assert soon.body["reused"] is (minutes >= 2)


def test_a_query_is_tagged_by_the_snapshots_it_reads(ask, run_lake, lake):
    first = ask("/v1/queries/daily_kpis", "analyst")
    tag = first.headers["ETag"]

    assert ask("/v1/queries/daily_kpis", "analyst", If_None_Match=tag).status == 304
    assert ask("/v1/queries/daily_kpis", "data_engineer", If_None_Match=tag).status == 200
    assert ask("/v1/queries/conversion_funnel", "analyst", If_None_Match=tag).status == 200


def test_a_result_is_tagged(ask):
    place = ask("/v1/queries/daily_kpis", "analyst", body={}).headers["Location"]
    found = eventually(lambda: ended(ask(place, "analyst")))

    assert ask(place, "analyst", If_None_Match=found.headers["ETag"]).status == 304


def test_an_analyst_gets_masked_tables_and_no_query_of_personal_data(ask):
    tables = {one["name"]: one for one in ask("/v1/tables", "analyst").body["items"]}
    names = {one["name"] for one in ask("/v1/queries", "analyst").body["items"]}

    assert tables["curated.sales_daily"]["readable"]
    assert tables["curated.sales_daily"]["snapshot_id"]
    assert not tables["processed.transactions"]["readable"]
    assert tables["processed.transactions"]["instead"] == "masked.transactions_masked"
    assert "late_orders" not in names
    refused = ask("/v1/queries/late_orders", "analyst", body={})
    assert (refused.status, refused.body["type"]) == (404, "urn:cartlake:problem:unknown-query")


def test_results_of_one_role_are_not_there_for_another(ask):
    place = ask("/v1/queries/late_orders", "data_engineer", body={}).headers["Location"]
    eventually(lambda: ended(ask(place, "data_engineer")))

    assert ask(place, "analyst").status == 404


def test_runs_and_quarantine_of_a_run(ask, loaded, lake):
    run = ask(f"/v1/runs/{loaded}", "auditor")
    refused = ask(f"/v1/quarantine/{loaded}", "auditor")

    counts = lake.ledger.runs.get(loaded).counts
    assert (run.body["state"], run.body["counts"]["quarantined"]) == ("SUCCEEDED", counts.quarantined)
    assert refused.body["rows"] == counts.quarantined > 0
    assert sum(rule["rows"] for rule in refused.body["rules"]) >= counts.quarantined
    assert loaded in {
        one["run_id"] for one in ask("/v1/quarantine?limit=100&subject=transactions", "auditor").body["items"]
    }
    assert ask(f"/v1/quarantine/{loaded}", "analyst").status == 403


def test_tokens_that_are_wrong_are_refused_before_the_function(ask, issuer):
    other = Issuer()
    valid = issuer.token("analyst")
    wrong = {
        "no token at all": "x",
        "expired": issuer.token("analyst", seconds=-10),
        "of another audience": issuer.token("analyst", aud="another"),
        "of another issuer": other.token("analyst"),
        "signed by another key": other.token("analyst", iss=issuer.url),
        "changed": f"{valid[:-8]}AAAAAAAA",
    }
    other.close()

    assert {name: ask("/v1/queries", token=token).status for name, token in wrong.items()} == dict.fromkeys(wrong, 401)
    assert ask("/v1/queries", token=valid).status == 200


def test_a_person_without_a_role_is_refused(ask):
    refused = ask("/v1/queries", "sales")

    assert (refused.status, refused.body["type"]) == (403, "urn:cartlake:problem:no-role")
    assert refused.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "parameters",
    [
        {"first_day": "2026-01-01' or '1'='1"},
        {"first_day": "date '2026-01-01'); delete from curated.sales_daily; --"},
        {"first_day": "(select max(customer_email) from processed.transactions)"},
        {"first_day; drop table x": "2026-01-01"},
    ],
)
def test_sql_in_parameters_is_refused(ask, parameters):
    refused = ask("/v1/queries/daily_kpis", "data_engineer", body={"parameters": parameters})

    assert refused.status == 422
    assert not any(value in json.dumps(refused.body) for value in parameters.values())


def test_a_machine_signs_with_the_rights_it_was_given(lake, signed):
    account = boto3.Session("test", "test", region_name=lake.outputs.region)
    keys = lake.client("sts").assume_role(RoleArn=lake.outputs.access_roles["analyst"], RoleSessionName="no-invoke")[
        "Credentials"
    ]
    analyst = boto3.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=lake.outputs.region
    )

    assert signed("/v1/health", account).body["roles"] == ["data_engineer"]
    assert signed("/v1/health", analyst).status == 403  # its policy has no execute-api:Invoke
    assert request(f"{address(lake, lake.outputs.apis['machines'])}/v1/health", {}).status == 403


def test_what_was_refused_is_logged_without_values(lake, ask):
    planted = "planted.person@example.org"
    refused = ask("/v1/queries/daily_kpis", "analyst", body={"parameters": {"first_day": planted}})

    logs, group = lake.client("logs"), f"/aws/lambda/{lake.outputs.functions['api_handler']}"
    lines = eventually(lambda: lines_of(logs, group, refused.body["request_id"]))
    assert any('"refused"' in line and '"bad-parameters"' in line for line in all_lines(logs, group))
    assert lines
    assert not any("planted" in line for line in all_lines(logs, group))


def lines_of(logs, group, request_id):
    return [line for line in all_lines(logs, group) if request_id in line]


def all_lines(logs, group):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    return [one["message"] for page in pages for one in page["events"]]


def test_requests_are_counted_by_caller(lake, ask):
    def counted():
        table = lake.outputs.functions["api_handler"].removesuffix("-handler") + "-callers"
        pages = lake.client("dynamodb").get_paginator("scan").paginate(TableName=table)
        return sum(int(one["requests"]["N"]) for page in pages for one in page["Items"])

    before = counted()
    for _ in range(3):
        ask("/v1/openapi.json", "analyst")
    assert counted() == before + 3


def test_the_command_prints_the_addresses_and_the_description(run_lake, ask):
    addresses = json.loads(run_lake("api", "--json").stdout)
    document = json.loads(run_lake("api", "--openapi").stdout)

    assert {one["callers"] for one in addresses} == {"machines", "people"}
    assert ask("/v1/openapi.json", "analyst").body["paths"] == document["paths"]
    assert {one["url"] for one in document["servers"]} == {one["address"] for one in addresses}


def test_the_client_of_the_docs_prints_rows(lake, issuer, loaded, pytestconfig):
    source = (pytestconfig.rootpath / "docs" / "api.md").read_text().partition("```python\n")[2].partition("```")[0]
    assert len(source.strip().splitlines()) <= 10
    environment = {"LAKE_URL": address(lake, lake.outputs.apis["people"]), "LAKE_TOKEN": issuer.token("analyst")}
    done = subprocess.run([sys.executable, "-c", source], env=environment, capture_output=True, text=True, check=True)

    assert len(done.stdout.splitlines()) > 2
