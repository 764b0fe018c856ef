"""A file's way in lineage: events in S3, rows in Athena, a server that takes them; and a run that fails."""

import json
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cartlake.aws.objects import S3Uri
from cartlake.ledger import FileState, RunState
from cartlake.runs.folder import RunFolder, day_of
from cartlake_cli.operations.follow import follow_refresh
from cartlake_cli.operations.upload import upload
from tests.e2e.conftest import environment_of, eventually
from tests.unit.lineage.open_lineage import faults_of

pytestmark = pytest.mark.e2e


@pytest.fixture
def event(lake):
    """Read an event of a run, which fits the schemas of OpenLineage."""

    def read(run_id, name):
        place = S3Uri.parse(RunFolder(lake.outputs.buckets["artifacts"], run_id).lineage_event(name))
        found = json.loads(lake.client("s3").get_object(Bucket=place.bucket, Key=place.key)["Body"].read())
        assert list(faults_of(found)) == []
        return found

    return read


@pytest.fixture
def server():
    """A lineage server on this machine; `posts` are the events that it took."""
    posts = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_):
            """Print nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    http.posts, http.url = posts, f"http://127.0.0.1:{http.server_port}"
    yield http
    http.shutdown()
    http.server_close()


def rows_sql(run_id):
    return (
        "select event_type, direction, coalesce(table_name, dataset_name), dataset_version, row_count, sha256 "
        f"from ops.lineage where day = '{day_of(run_id)}' and run_id = '{run_id}' and event_type <> 'START'"
    )


def test_a_file_has_its_events_in_s3_and_its_rows_in_athena(lake, orders, follow, event, rows_of):
    path, _ = orders(30)
    [file] = follow([upload(lake, "transactions", [path])[0]["file_id"]])

    start, end = event(file.run_id, "START"), event(file.run_id, "END")
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == end["run"]["runId"]
    [output] = end["outputs"]
    database = lake.outputs.databases["processed"]
    assert output["name"] == f"table/{database}/transactions"
    assert end["run"]["facets"]["processing_engine"]["name"] == "duckdb"
    version = output["facets"]["version"]["datasetVersion"]
    rows = rows_of(rows_sql(file.run_id))
    assert ["COMPLETE", "input", file.key, file.version_id, "30", file.sha256] in rows
    assert ["COMPLETE", "output", "processed.transactions", version, "30", None] in rows
    [[kind]] = rows_of(
        "select kind from ops.lineage "
        "cross join unnest(column_sources) as t(name, source_table, source_column, kind) "
        f"where day = '{day_of(file.run_id)}' and run_id = '{file.run_id}' and event_type = 'COMPLETE' "
        "and name = 'order_id'"
    )
    assert kind == "IDENTITY"


def test_a_refresh_tells_what_each_column_was_made_of(lake, orders, follow, event):
    path, _ = orders(30)
    follow([upload(lake, "transactions", [path])[0]["file_id"]])
    follow_refresh(lake)

    done = [run for run in lake.ledger.runs.list("refresh") if run.state is RunState.SUCCEEDED and run.report_uri]
    outputs = {one["name"].rpartition("/")[2]: one for one in event(done[0].run_id, "END")["outputs"]}
    fields = outputs["fct_orders"]["facets"]["columnLineage"]["fields"]
    assert outputs["fct_orders"]["outputFacets"]["outputStatistics"]["size"] > 0
    used = {one["field"]: one["transformations"][0] for one in fields["net_reporting"]["inputFields"]}
    assert (used["net_reporting"]["type"], used["net_reporting"]["subtype"]) == ("DIRECT", "AGGREGATION")
    assert (used["is_sold"]["type"], used["is_sold"]["subtype"]) == ("INDIRECT", "CONDITIONAL")


def test_a_run_that_fails_says_why_and_what_a_server_missed_is_sent_again(
    lake, orders, follow, event, rows_of, run_lake, server
):
    path, _ = orders(60, end_date=date(2025, 4, 4))  # a day of its own: the rule is measured over whole days
    header, *lines = path.read_text().splitlines()
    email = header.split(",").index("customer_email")
    cells = [line.split(",") for line in lines]
    path.write_text("\n".join([header, *(",".join([*one[:email], "", *one[email + 1 :]]) for one in cells)]) + "\n")

    with environment_of(lake, "run_recorder", LINEAGE_URL="http://127.0.0.1:1"):
        [file] = follow([upload(lake, "transactions", [path])[0]["file_id"]])

    assert file.state is FileState.FAILED
    end = event(file.run_id, "END")
    assert end["eventType"] == "FAIL"
    assert "AuditFailed" in end["run"]["facets"]["errorMessage"]["message"]
    [[error]] = rows_of(
        f"select distinct error from ops.lineage where day = '{day_of(file.run_id)}' and run_id = '{file.run_id}' "
        "and event_type = 'FAIL'"
    )
    assert error.startswith("AuditFailed")
    eventually(lambda: file.run_id in marked(lake))

    run_lake("lineage", "send", "--url", server.url)

    assert file.run_id not in marked(lake)
    ours = [one["eventType"] for one in server.posts if one["run"]["runId"] == end["run"]["runId"]]
    assert ours == ["START", "FAIL"]


def marked(lake):
    bucket = lake.outputs.buckets["artifacts"]
    found = lake.client("s3").list_objects_v2(Bucket=bucket, Prefix="lineage/unsent/").get("Contents", [])
    return {one["Key"].rpartition("/")[2] for one in found}
