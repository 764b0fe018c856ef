"""What each role may do on the deployed lake, with IAM enforced: tables by Athena, files, results, ledger, catalog."""

import json
import time
from dataclasses import dataclass
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from cartlake import contracts
from cartlake.ledger import FileState
from cartlake.queries.rights import may_read
from cartlake_cli.athena.client import athena_of
from cartlake_cli.commands.local.up import terraform
from cartlake_cli.operations.follow import follow_refresh
from tests.e2e.conftest import eventually, generated_orders
from tests.iam_proof import Deployed, Right

pytestmark = pytest.mark.e2e

ENDED = {"SUCCEEDED", "FAILED", "CANCELLED"}
PERSONAL = ("processed.transactions", "processed.customers", "curated.dim_customer", "ops.quarantine_rows")


@dataclass
class Assumed:
    """A role, assumed: clients with its keys, and the workgroup of its queries."""

    session: boto3.Session
    endpoint: str
    workgroup: str

    def client(self, service):
        return self.session.client(service, endpoint_url=self.endpoint)

    def query(self, sql, workgroup=None):
        """State, reason and id of a query."""
        athena = self.client("athena")
        query_id = athena.start_query_execution(QueryString=sql, WorkGroup=workgroup or self.workgroup)[
            "QueryExecutionId"
        ]
        while True:
            status = athena.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]
            if status["State"] in ENDED:
                return status["State"], status.get("StateChangeReason", ""), query_id
            time.sleep(0.1)

    def value(self, sql):
        """The only value of a query."""
        state, reason, query_id = self.query(sql)
        assert state == "SUCCEEDED", reason
        rows = self.client("athena").get_query_results(QueryExecutionId=query_id)["ResultSet"]["Rows"]
        return rows[1]["Data"][0]["VarCharValue"]


@pytest.fixture(scope="module")
def loaded(lake, run_lake, tmp_path_factory):
    """Order lines in the lake, and all tables refreshed."""
    path, _ = generated_orders(tmp_path_factory.mktemp("roles"), 60)
    [file] = json.loads(run_lake("drop", "transactions", path, "--wait", "--json").stdout)
    follow_refresh(lake, timeout_seconds=120)
    return lake.ledger.files.get(file["file_id"])


@pytest.fixture(scope="module")
def role(lake, loaded):
    """Assume a role by its name."""

    def assume(name):
        sts = lake.client("sts")
        keys = sts.assume_role(RoleArn=lake.outputs.access_roles[name], RoleSessionName="test")["Credentials"]
        session = boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=lake.outputs.region,
        )
        return Assumed(session, sts.meta.endpoint_url, lake.outputs.access_workgroups.get(name, ""))

    return assume


def refused(call, **arguments):
    """Whether AWS says that the caller may not."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException", "403"}


def file_of(lake, table):
    """Bucket and key of a data file of a table, as its metadata names it."""
    database, _, name = table.partition(".")
    path = athena_of(lake).run(f'select file_path from {database}."{name}$files" limit 1').rows[0][0]
    bucket, _, key = path.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


def result_of(lake, sql):
    """Bucket and key of the result of a query in the engineers' workgroup."""
    found = athena_of(lake).run(sql)
    key = f"{lake.outputs.workgroup}/{found.query_execution_id}.csv"
    return {"Bucket": lake.outputs.buckets["athena-results"], "Key": key}


def test_an_analyst_reads_the_masked_table_which_holds_the_rows_of_its_table(role, rows_of):
    analyst = role("analyst")
    [[rows, addresses]] = rows_of("select count(*), count(customer_email) from processed.transactions")

    assert analyst.value("select count(*) from masked.transactions_masked") == rows != "0"
    assert analyst.value("select count_if(customer_email like '***@%.%') from masked.transactions_masked") == addresses
    assert analyst.value("select count(*) > 0 from curated.sales_by_day") == "true"


@pytest.mark.parametrize("table", [*PERSONAL, "processed.sold_lines", "processed.transactions_masked"])
def test_an_analyst_is_refused_tables_with_personal_data_and_views_of_them(role, table):
    state, reason, _ = role("analyst").query(f"select count(*) from {table}")

    assert (state, "PERMISSION_DENIED" in reason) == ("FAILED", True), reason


def test_an_analyst_reads_no_file_beside_the_tables_that_it_may(lake, role, loaded):
    analyst = role("analyst").client("s3")
    open_file, personal = file_of(lake, "masked.transactions_masked"), file_of(lake, "processed.transactions")

    assert analyst.get_object(**open_file)["Body"].read(4) == b"PAR1"
    assert refused(analyst.get_object, **personal)
    assert refused(analyst.get_object, **result_of(lake, "select customer_email from processed.transactions limit 1"))
    assert refused(analyst.get_object, Bucket=lake.outputs.buckets["raw"], Key=loaded.key)
    assert refused(analyst.list_objects_v2, Bucket=lake.outputs.buckets["processed"])
    assert refused(analyst.put_object, **open_file, Body=b"")
    assert refused(analyst.delete_object, **open_file)


def test_an_analyst_finds_no_table_with_personal_data_and_no_ledger(lake, role):
    analyst = role("analyst")
    glue = analyst.client("glue")

    assert glue.get_table(DatabaseName="masked", Name="transactions_masked")["Table"]["Name"] == "transactions_masked"
    assert refused(glue.get_table, DatabaseName="processed", Name="transactions")
    assert refused(analyst.client("dynamodb").scan, TableName=lake.outputs.ledger_table)
    assert refused(analyst.query, sql="select 1", workgroup=lake.outputs.workgroup)


def test_no_policy_without_personal_data_reaches_a_protected_table(lake):
    deployed = Deployed(json.loads(terraform(lake, "show", "-json")))
    tables = [table for contract in contracts.load_all() for table in contract.tables]
    locations = {table: location_of(lake, table) for table in tables}

    for role in ("analyst", "auditor"):
        name = lake.outputs.access_roles[role].rpartition("/")[2]
        rights = {table: Right(name, "s3:GetObject", f"{place}/data/a.parquet") for table, place in locations.items()}
        read = {table.physical_name for table, right in rights.items() if deployed.refused(right) is None}
        assert read == {table.physical_name for table in tables if may_read(role, table)}


def location_of(lake, table):
    """The ARN of the folder of a table."""
    entry = lake.client("glue").get_table(DatabaseName=lake.outputs.databases[table.database], Name=table.bare_name)
    return entry["Table"]["StorageDescriptor"]["Location"].replace("s3://", "arn:aws:s3:::").rstrip("/")


def test_the_runbook_of_a_compromised_key_names_the_roles(follow_runbook):
    assert "analyst" in follow_runbook("key-compromised", "Find out")
    assert follow_runbook("key-compromised", "Healthy again")


def test_an_analyst_changes_no_table(role):
    for sql in ("insert into masked.transactions_masked select * from masked.transactions_masked",
                "delete from masked.transactions_masked", "drop table masked.transactions_masked"):  # fmt: skip
        state, reason, _ = role("analyst").query(sql)
        assert (state, "PERMISSION_DENIED" in reason) == ("FAILED", True), reason


def test_the_analysts_workgroup_has_the_queries_that_the_role_can_run(lake, role, run_lake):
    analyst = role("analyst")
    athena = analyst.client("athena")
    ids = athena.list_named_queries(WorkGroup=analyst.workgroup)["NamedQueryIds"]
    # Read by the account: the embedded AWS does not know of which workgroup a query is when it checks GetNamedQuery.
    known = lake.client("athena")
    names = {known.get_named_query(NamedQueryId=one)["NamedQuery"]["Name"] for one in ids}
    marked = {row["name"] for row in json.loads(run_lake("queries", "--json").stdout) if row["analyst"] == "yes"}

    assert names == marked
    assert "monthly_sales" in names
    assert names.isdisjoint({"late_orders", "quarantine_overview", "data_freshness"})


def test_a_data_engineer_reads_personal_data_files_and_the_ledger(lake, role, loaded):
    engineer = role("data_engineer")

    assert "@" in engineer.value("select max(customer_email) from processed.transactions")
    assert engineer.client("s3").get_object(Bucket=lake.outputs.buckets["raw"], Key=loaded.key)["ContentLength"] > 0
    assert engineer.client("dynamodb").scan(TableName=lake.outputs.ledger_table, Limit=1)["Count"] == 1
    assert refused(engineer.client("s3").delete_object, **file_of(lake, "processed.transactions"))


def test_an_auditor_reads_what_the_lake_did_and_no_personal_data(lake, role, loaded):
    auditor = role("auditor")
    s3, buckets = auditor.client("s3"), lake.outputs.buckets
    documents = s3.list_objects_v2(Bucket=buckets["artifacts"], Prefix=f"runs/{loaded.run_id}/")["Contents"]

    assert s3.get_object(Bucket=buckets["artifacts"], Key=documents[0]["Key"])["ContentLength"] > 0
    assert auditor.client("dynamodb").scan(TableName=lake.outputs.ledger_table, Limit=1)["Count"] == 1
    assert int(auditor.value("select count(*) from ops.quality_results")) > 0
    for table in (*PERSONAL, "masked.transactions_masked"):
        assert "PERMISSION_DENIED" in auditor.query(f"select count(*) from {table}")[1]
    assert refused(s3.get_object, Bucket=buckets["raw"], Key=loaded.key)
    assert refused(s3.put_object, Bucket=buckets["artifacts"], Key=documents[0]["Key"], Body=b"")
    assert refused(auditor.client("dynamodb").delete_item, TableName=lake.outputs.ledger_table, Key={})


def test_a_producer_drops_files_of_its_datasets_and_does_nothing_else(lake, role, loaded):
    shop, raw = role("producer/shop").client("s3"), lake.outputs.buckets["raw"]
    content = lake.client("s3").get_object(Bucket=raw, Key=loaded.key)["Body"].read()
    key = f"incoming/transactions/{uuid4().hex}.csv"

    shop.put_object(Bucket=raw, Key=key, Body=content)

    # The same content again: recognised, so that no other test sees other rows.
    eventually(lambda: key in {one.key for one in lake.ledger.files.list("transactions", FileState.DUPLICATE)})
    assert refused(shop.put_object, Bucket=raw, Key="incoming/products/a.csv", Body=b"")
    assert refused(shop.put_object, Bucket=raw, Key="incoming/transactions2/a.csv", Body=b"")
    assert refused(shop.put_object, Bucket=lake.outputs.buckets["processed"], Key="transactions/a", Body=b"")
    assert refused(shop.get_object, Bucket=raw, Key=key)
    assert refused(shop.list_objects_v2, Bucket=raw)
    assert refused(shop.delete_object, Bucket=raw, Key=key)
    assert refused(role("producer/shop").client("glue").get_table, DatabaseName="masked", Name="transactions_masked")
