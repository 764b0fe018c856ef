"""The API with the rights of a role: answers, entity tags, pages, and refusals that say nothing of values."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from cartlake.ledger import Ledger
from cartlake.runs.documents import RowCounts
from lambdas.api_handler import adapters, executions
from tests.api import event, machine, metadata, person

ANALYST, AUDITOR, ENGINEER = (person(group) for group in ("analysts", "auditors", "platform"))
UUID = "11111111-2222-3333-4444-555555555555"
RUN = "transactions-20261120T083000-1a2b3c"


@pytest.fixture
def lake(account):
    """Tables of two databases, workgroups of the roles, and a run that refused rows."""
    adapters.forget_roles()
    glue, athena = boto3.client("glue"), boto3.client("athena")
    for role in ("analyst", "auditor", "data_engineer"):
        athena.create_work_group(Name=f"cartlake-test-{role}")
    account.s3.create_bucket(Bucket="curated")
    for database in ("curated", "processed"):
        glue.create_database(DatabaseInput={"Name": database})
    write_snapshot(account, "curated", "sales_daily", 7, glue.create_table)
    write_snapshot(account, "processed", "transactions", 8, glue.create_table)
    runs = Ledger("ledger", account.dynamodb).runs
    runs.start(RUN)
    runs.finish(RUN, RowCounts(read=10, published=7, quarantined=2, duplicate=1), "s3://artifacts/report", 0.01)
    account.write(f"s3://artifacts/runs/{RUN}/transform.json", json.dumps(REPORT))
    return account


def write_snapshot(account, database, table, snapshot, put):
    location = f"s3://curated/{database}/{table}/metadata/{snapshot}.metadata.json"
    account.write(location, metadata(snapshot).decode())
    put(DatabaseName=database, TableInput={"Name": table, "Parameters": {"metadata_location": location}})


REPORT = {
    "run_id": RUN,
    "dataset": "transactions",
    "table": "processed.transactions",
    "branch": "audit",
    "snapshot_id": None,
    "base_snapshot_id": None,
    "rows": {"read": 10, "published": 7, "quarantined": 2, "duplicate": 1},
    "files": [],
    "row_rules": [
        {"rule": "quantity_positive", "severity": "error", "broken": 2},
        {"rule": "never_broken", "severity": "error", "broken": 0},
    ],
    "started_at": "2026-11-20T08:30:00.000000Z",
    "ended_at": "2026-11-20T08:31:00.000000Z",
}


@pytest.fixture
def ask(lake, send):
    """Send a request; returns status, headers and the parsed body."""
    return send


@pytest.fixture
def send(lambda_context):
    """Send a request that needs nothing of AWS."""
    from lambdas.api_handler.handler import lambda_handler

    def send(method, path, authorizer=ANALYST, *, json_body=None, **sent):
        if json_body is not None:
            sent |= {"body": json.dumps(json_body).encode(), "headers": {"content-type": "application/json"}}
        answered = lambda_handler(event(method, path, authorizer, **sent), lambda_context)
        body = answered["body"]
        return answered["statusCode"], answered["headers"], json.loads(body) if body else None

    return send


def test_queries_are_those_that_the_role_runs(ask):
    analysts, engineers = (ask("GET", "/v1/queries", who)[2]["items"] for who in (ANALYST, ENGINEER))

    assert {"daily_kpis"} <= {one["name"] for one in analysts} < {one["name"] for one in engineers}
    [daily] = [one for one in analysts if one["name"] == "daily_kpis"]
    assert daily["parameters"] == [{"name": "first_day", "type": "date", "default": "30 days ago"}]
    assert daily["grain"] == "order_date, currency"


def test_a_query_is_started_in_the_workgroup_of_the_role(ask):
    status, headers, body = ask("POST", "/v1/queries/daily_kpis", json_body={"parameters": {"first_day": "2026-11-01"}})

    execution = boto3.client("athena").get_query_execution(QueryExecutionId=body["id"])["QueryExecution"]
    assert (status, headers["Location"]) == (202, f"/v1/executions/{body['id']}")
    assert (execution["WorkGroup"], execution["ExecutionParameters"]) == (
        "cartlake-test-analyst",
        ["date '2026-11-01'"],
    )
    assert execution["Query"].startswith("-- Daily KPIs")


def test_a_finished_query_has_its_rows_and_a_tag_that_saves_asking_again(ask):
    _, _, started = ask("POST", "/v1/queries/daily_kpis", json_body={})

    status, headers, body = ask("GET", f"/v1/executions/{started['id']}")
    again, _, nothing = ask("GET", f"/v1/executions/{started['id']}", headers={"If-None-Match": headers["ETag"]})

    assert (status, body["state"], body["query"]) == (200, "succeeded", "daily_kpis")
    assert isinstance(body["rows"], list)
    assert body["next_cursor"] is None
    assert (again, nothing) == (304, None)


def test_executions_of_other_roles_and_of_free_sql_are_not_there(ask):
    _, _, engineers = ask("POST", "/v1/queries/daily_kpis", ENGINEER, json_body={})
    free = boto3.client("athena").start_query_execution(
        QueryString="select email from x", WorkGroup="cartlake-test-analyst"
    )

    for execution_id in (engineers["id"], free["QueryExecutionId"]):
        status, _, body = ask("GET", f"/v1/executions/{execution_id}")
        assert (status, body["type"]) == (404, "urn:cartlake:problem:unknown-execution")


def test_the_first_page_leaves_out_the_header_and_the_others_have_none():
    page = {
        "ResultSet": {
            "Rows": [{"Data": [{"VarCharValue": "a"}]}, {"Data": [{}]}],
            "ResultSetMetadata": {"ColumnInfo": [{"Name": "a", "Type": "varchar"}]},
        },
        "NextToken": "next",
    }

    assert executions.page(page, first=True)["rows"] == [[None]]
    assert executions.page(page, first=False)["rows"] == [["a"], [None]]
    assert executions.page(page, first=True)["next_cursor"] == "next"


def test_a_failure_is_told_by_its_code():
    status = {"State": "FAILED", "StateChangeReason": "INVALID_CAST_ARGUMENT: Cannot cast 'ada@example.org' to date"}
    found = {"QueryExecutionId": UUID, "Status": status}

    body = executions.as_execution(found, "daily_kpis").model_dump_json()

    assert json.loads(body)["error"] == "INVALID_CAST_ARGUMENT"
    assert "ada" not in body
    assert executions.failure_of({"StateChangeReason": "ada@example.org is wrong"}) == "QUERY_FAILED"


def test_the_tag_of_a_query_changes_with_a_snapshot_and_only_then(ask, lake):
    _, first, body = ask("GET", "/v1/queries/daily_kpis")
    unchanged, _, _ = ask("GET", "/v1/queries/daily_kpis", headers={"If-None-Match": first["ETag"]})
    write_snapshot(lake, "curated", "sales_daily", 9, boto3.client("glue").update_table)

    changed, second, _ = ask("GET", "/v1/queries/daily_kpis", headers={"If-None-Match": first["ETag"]})

    assert body["tables"] == ["curated.sales_daily"]
    assert body["data_version"]
    assert (unchanged, changed) == (304, 200)
    assert second["ETag"] != first["ETag"]


def test_tables_say_which_the_role_reads_and_the_masked_one_instead(ask):
    _, _, body = ask("GET", "/v1/tables")
    tables = {one["name"]: one for one in body["items"]}

    assert (tables["curated.sales_daily"]["readable"], tables["curated.sales_daily"]["snapshot_id"]) == (True, "7")
    closed = tables["processed.transactions"]
    assert (closed["readable"], closed["snapshot_id"]) == (False, None)
    assert closed["instead"] == "masked.transactions_masked"


def test_a_table_has_its_columns(ask):
    status, _, body = ask("GET", "/v1/tables/processed.transactions", ENGINEER)

    assert (status, body["snapshot_id"]) == (200, "8")
    assert {"name": "customer_email", "protected": True}.items() <= {one["name"]: one | {} for one in body["columns"]}[
        "customer_email"
    ].items()


def test_runs_and_quarantine_are_for_those_who_read_the_ledger(ask):
    for path in ("/v1/runs", f"/v1/runs/{RUN}", "/v1/quarantine", f"/v1/quarantine/{RUN}"):
        status, _, body = ask("GET", path, ANALYST)
        assert (status, body["type"]) == (403, "urn:cartlake:problem:forbidden")
        assert ask("GET", path, AUDITOR)[0] == 200


def test_a_run_is_counted_and_its_quarantine_is_by_rule(ask):
    _, _, runs = ask("GET", "/v1/runs", AUDITOR, query="subject=transactions&limit=1")
    _, _, refused = ask("GET", f"/v1/quarantine/{RUN}", AUDITOR)

    [run] = runs["items"]
    assert (run["id"], run["state"], run["counts"]["published"]) == (RUN, "SUCCEEDED", 7)
    assert (refused["rows"], refused["rules"]) == (2, [{"rule": "quantity_positive", "severity": "error", "rows": 2}])
    assert [one["run_id"] for one in ask("GET", "/v1/quarantine", AUDITOR)[2]["items"]] == [RUN]


def test_runs_are_read_page_by_page(ask, lake):
    runs = Ledger("ledger", lake.dynamodb).runs
    for subject in ("customers", "refresh", "transactions"):
        runs.start(f"{subject}-20261120T090000-1a2b3c")

    seen, cursor = [], ""
    while cursor is not None:
        _, _, page = ask("GET", "/v1/runs", ENGINEER, query="limit=1" + (f"&cursor={cursor}" if cursor else ""))
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]

    assert len(seen) == len(set(seen)) == 4


def test_health_asks_athena_as_the_role(ask):
    assert ask("GET", "/v1/health")[2] == {"status": "ok", "environment": "test", "roles": ["analyst"]}


def test_a_machine_is_answered_as_its_role(ask):
    _, _, body = ask("GET", "/v1/health", machine("arn:aws:sts::123456789012:assumed-role/auditor-job/x"))

    assert body["roles"] == ["auditor"]


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "kind"),
    [
        ("GET", "/v1/queries/no_such_query", {}, 404, "unknown-query"),
        ("POST", "/v1/queries/late_orders", {"json_body": {}}, 404, "unknown-query"),
        ("GET", "/v1/tables/curated.nothing", {}, 404, "unknown-table"),
        ("GET", "/v1/nothing", {}, 404, "unknown-path"),
        ("GET", "/v1/queries/DROP", {}, 422, "bad-request"),
        ("POST", "/v1/queries/daily_kpis", {"json_body": {"sql": "select 1"}}, 422, "bad-request"),
        ("POST", "/v1/queries/daily_kpis", {"json_body": {"parameters": {"first_day": "a'b"}}}, 422, "bad-parameters"),
        ("POST", "/v1/queries/daily_kpis", {"json_body": {"parameters": {"first_day": "x" * 201}}}, 422, "bad-request"),
        ("POST", "/v1/queries/daily_kpis", {"json_body": {"fresh": "yes"}}, 422, "bad-request"),
        (
            "POST",
            "/v1/queries/daily_kpis",
            {"body": b"{", "headers": {"content-type": "application/json"}},
            422,
            "bad-request",
        ),
        ("POST", "/v1/queries/daily_kpis", {"body": b"a,b", "headers": {"content-type": "text/csv"}}, 415, "not-json"),
        (
            "POST",
            "/v1/queries/daily_kpis",
            {"json_body": {"parameters": {"first_day": "x" * 20_000}}},
            413,
            "too-large",
        ),
        ("GET", "/v1/executions/1", {}, 422, "bad-request"),
        ("GET", "/v1/tables", {"query": "x=" + "y" * 20_000}, 413, "too-large"),
    ],
)
def test_what_is_wrong_is_refused_as_a_problem(send, method, path, sent, status, kind):
    found, headers, body = send(method, path, **sent)

    assert (found, headers["Content-Type"]) == (status, "application/problem+json")
    assert (body["type"], body["status"]) == (f"urn:cartlake:problem:{kind}", status)
    assert body["request_id"]
    assert headers["Cache-Control"] == "no-store"


def test_refusals_are_logged_by_kind_and_never_with_values(send, caplog):
    planted = "ada-lovelace"
    send("POST", "/v1/queries/daily_kpis", json_body={"parameters": {"first_day": planted}})
    send("POST", "/v1/queries/daily_kpis", json_body={"parameters": {planted.replace("-", "_"): "1"}})
    send("POST", "/v1/queries/daily_kpis", json_body={planted: "1"})
    send("GET", "/v1/runs", AUDITOR, query=f"cursor={planted}&limit={planted}")
    send("GET", "/v1/queries", person(subject=planted))

    assert [one.kind for one in caplog.records if one.msg == "refused"] == [
        "bad-parameters",
        "bad-parameters",
        "bad-request",
        "bad-request",
        "no-role",
    ]
    assert "lovelace" not in logged(caplog)


def logged(caplog):
    """Everything that the log has."""
    return str([record.__dict__ for record in caplog.records])


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 429),
        ("TooManyRequestsException", 429),
        ("InternalServerException", 503),
        ("AccessDenied", 500),
    ],
)
def test_errors_of_aws_are_told_without_their_message(ask, monkeypatch, caplog, code, status):
    http = 500 if code.startswith("Internal") else 400
    answer = {"Error": {"Code": code, "Message": "ada@example.org"}, "ResponseMetadata": {"HTTPStatusCode": http}}

    def fail(*_):
        raise ClientError(answer, "StartQueryExecution")

    monkeypatch.setattr(executions, "start", fail)
    found, headers, body = ask("POST", "/v1/queries/daily_kpis", json_body={})

    assert (found, "Retry-After" in headers) == (status, status != 500)
    assert "ada" not in json.dumps(body) + logged(caplog)


def test_old_results_are_asked_for_unless_the_caller_wants_fresh_ones(ask, monkeypatch):
    asked = []
    monkeypatch.setattr(executions, "start", lambda role, query, literals, reuse: asked.append(reuse) or UUID)
    monkeypatch.setattr(
        "lambdas.api_handler.domain.reuse_minutes", lambda versions, now, limit: 0 if versions is None else limit
    )

    ask("POST", "/v1/queries/daily_kpis", json_body={})
    ask("POST", "/v1/queries/daily_kpis", json_body={"fresh": True})

    assert asked == [60, 0]


def test_a_session_may_write_nothing_but_results():
    writes = [one for one in adapters.session_policy("results")["Statement"] if "s3:PutObject" in one["Action"]]

    assert [one["Resource"] for one in writes] == ["arn:*:s3:::results/*"]
    everywhere = [
        action
        for one in adapters.session_policy("results")["Statement"]
        if one["Resource"] == "*"
        for action in one["Action"]
    ]
    assert not [
        action
        for action in everywhere
        if action.split(":")[1].startswith(("Put", "Delete", "Update", "Create", "Invoke"))
    ]
