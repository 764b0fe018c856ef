"""Athena's API as clients know it: tokens, kinds of statements, result objects, lists, metadata, parameters."""

import time
import uuid

import pytest
from botocore.exceptions import ClientError

from localaws import server
from localaws.testing.athena import Lake

pytestmark = pytest.mark.integration


def token():
    return uuid.uuid4().hex * 2


def keys(lake, prefix=""):
    return sorted(
        item["Key"] for item in lake.s3.list_objects_v2(Bucket=lake.bucket, Prefix=prefix).get("Contents", [])
    )


def refusal(call, **request):
    with pytest.raises(ClientError) as raised:
        call(**request)
    return raised.value.response["Error"]


class TestTokens:
    def test_a_repeated_insert_inserts_once(self, orders):
        same = token()

        first, second = (orders.start("INSERT INTO orders (id) VALUES (9)", ClientRequestToken=same) for _ in "12")
        orders.ended(first)

        assert first == second
        assert orders.rows("SELECT count(*) FROM orders WHERE id = 9") == [("1",)]

    @pytest.mark.parametrize(
        "changed",
        [
            pytest.param({"QueryString": "SELECT 2"}, id="text"),
            pytest.param({"QueryExecutionContext": {"Database": "default"}}, id="database"),
            pytest.param({"ExecutionParameters": ["1"]}, id="parameters"),
        ],
    )
    def test_another_request_with_the_token_is_refused(self, lake, changed):
        request = {
            "QueryString": "SELECT 1",
            "ClientRequestToken": token(),
            "ResultConfiguration": {"OutputLocation": f"s3://{lake.bucket}/results/"},
        }
        lake.athena.start_query_execution(**request)

        error = refusal(lake.athena.start_query_execution, **{**request, **changed})

        assert (error["Code"], error["Message"]) == ("InvalidRequestException", "Idempotent parameters do not match")

    def test_a_token_of_a_refused_request_is_free(self, lake):
        same = token()
        where = {"ResultConfiguration": {"OutputLocation": f"s3://{lake.bucket}/results/"}, "ClientRequestToken": same}
        refusal(lake.athena.start_query_execution, QueryString="SELECT 1,", **where)

        assert lake.athena.start_query_execution(QueryString="SELECT 1", **where)["QueryExecutionId"]

    def test_a_repeated_named_query_is_one(self, lake):
        wanted = {"Name": "n", "Database": lake.database, "QueryString": "SELECT 1", "ClientRequestToken": token()}

        first, second = (lake.athena.create_named_query(**wanted)["NamedQueryId"] for _ in "12")

        assert first == second
        assert refusal(lake.athena.create_named_query, **{**wanted, "Name": "m"})["Code"] == "InvalidRequestException"


# Statement, its SubstatementType, the suffix of its OutputLocation, and whether there is an object.
STATEMENTS = [
    ("SELECT 1", "SELECT", "{id}.csv", True),
    ("( WITH a AS (SELECT 1 x) SELECT * FROM a)", "SELECT", "{id}.csv", True),
    ("CREATE TABLE c WITH (format = 'JSON') AS SELECT 1 AS x", "CREATE_TABLE_AS_SELECT", "tables/{id}", False),
    ("CREATE TABLE i (x int) LOCATION 's3://{bucket}/i/' TBLPROPERTIES ('table_type'='ICEBERG')", "CREATE_TABLE",
     "{id}.txt", True),
    ("INSERT INTO i VALUES (1)", "INSERT", "{id}", False),
    ("INSERT INTO c VALUES (2)", "INSERT", "{id}", False),
    ("UPDATE i SET x = 2", "UPDATE", "{id}.csv", False),
    ("MERGE INTO i USING (SELECT 2 AS x) s ON i.x = s.x WHEN MATCHED THEN DELETE", "MERGE", "{id}.csv", False),
    ("DELETE FROM i", "DELETE", "{id}.csv", False),
    ("CREATE OR REPLACE VIEW v AS SELECT * FROM i", "CREATE_VIEW", "{id}.txt", True),
    ("SHOW TABLES", "SHOW_TABLES", "{id}.txt", True),
    ("SHOW CREATE TABLE i", "SHOW_CREATE_TABLE", "{id}.txt", True),
    ("DESCRIBE i", "DESCRIBE_TABLE", "{id}.txt", True),
    ("ALTER TABLE i ADD COLUMNS (y int)", "ALTER_TABLE_ADD", "{id}.txt", True),
    ("OPTIMIZE i REWRITE DATA USING BIN_PACK", "OPTIMIZE_TABLE", "{id}.txt", True),
    ("EXPLAIN SELECT 1", "EXPLAIN", "{id}.txt", True),
    ("DROP VIEW v", "DROP_VIEW", "{id}.txt", True),
]  # fmt: skip


class TestExecutions:
    def test_each_kind_of_statement_has_its_name_its_place_and_its_objects(self, lake):
        for sql, kind, place, has_object in STATEMENTS:
            ended = lake.run(sql.format(bucket=lake.bucket))
            query_id = ended["QueryExecutionId"]
            result = f"results/{place.format(id=query_id)}"

            assert ended["SubstatementType"] == kind, sql
            assert ended["ResultConfiguration"]["OutputLocation"] == f"s3://{lake.bucket}/{result}", sql
            assert (result in keys(lake, result), f"{result}.metadata" in keys(lake, result)) == (has_object, True), sql

    @pytest.mark.parametrize(
        "sql",
        [
            "CREATE TABLE c2 WITH (table_type='ICEBERG', is_external=false, location='s3://{bucket}/c/') AS SELECT 1 x",
            "CREATE TABLE c3 WITH (format='PARQUET') AS SELECT 1 AS x",
            "INSERT INTO orders (id) VALUES (7)",
            "UPDATE orders SET id = 8 WHERE id = 1",
        ],
    )
    def test_what_writes_has_one_column_and_a_count_and_no_rows(self, orders, sql):
        answer = orders.results(sql.format(bucket=orders.bucket))
        [column] = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]

        assert (column["Name"], column["Type"], column["Precision"]) == ("rows", "bigint", 19)
        assert (answer["UpdateCount"], answer["ResultSet"]["Rows"]) == (1, [])

    def test_the_manifest_names_the_files(self, lake):
        made = lake.run("CREATE TABLE c WITH (format = 'PARQUET') AS SELECT 1 AS x")
        added = lake.run("INSERT INTO c VALUES (2)")
        nothing = lake.run(f"UNLOAD (SELECT x FROM c WHERE false) TO 's3://{lake.bucket}/none/' WITH (format = 'JSON')")
        ids = [one["QueryExecutionId"] for one in (made, added, nothing)]
        places = [one["Statistics"]["DataManifestLocation"] for one in (made, added, nothing)]

        texts = [
            lake.s3.get_object(Bucket=lake.bucket, Key=place.split("/", 3)[3])["Body"].read().decode()
            for place in places
        ]

        base = f"s3://{lake.bucket}/results"
        assert places == [f"{base}/tables/{ids[0]}-manifest.csv", *(f"{base}/{one}-manifest.csv" for one in ids[1:])]
        assert [text.count("s3://") for text in texts] == [1, 1, 0]
        assert keys(lake, "none/") == []

    def test_what_the_client_said_is_echoed_and_nothing_else(self, lake):
        reuse = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}
        asked = lake.run("SELECT 1", ResultReuseConfiguration=reuse)
        started = lake.athena.start_query_execution(
            QueryString="SELECT 1", ResultConfiguration={"OutputLocation": f"s3://{lake.bucket}/results/"}
        )["QueryExecutionId"]

        assert asked["ResultReuseConfiguration"] == reuse
        assert lake.ended(started)["QueryExecutionContext"] == {}
        for time_ in ("QueryQueueTimeInMillis", "QueryPlanningTimeInMillis", "EngineExecutionTimeInMillis"):
            assert asked["Statistics"][time_] > 0

    def test_an_insert_is_never_reused(self, orders):
        reuse = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 5}}

        for _ in range(2):
            orders.run("INSERT INTO orders (id) VALUES (9)", ResultReuseConfiguration=reuse)

        assert orders.rows("SELECT count(*) FROM orders WHERE id = 9") == [("2",)]

    def test_a_database_may_be_quoted_and_have_capitals(self, orders):
        context = {"Database": f"`{orders.database.upper()}`", "Catalog": "AwsDataCatalog"}

        started = orders.athena.start_query_execution(
            QueryString="SELECT max(id) FROM orders",
            QueryExecutionContext=context,
            ResultConfiguration={"OutputLocation": f"s3://{orders.bucket}/results/"},
        )
        ended = orders.ended(started["QueryExecutionId"])

        assert ended["Status"]["State"] == "SUCCEEDED"
        assert ended["QueryExecutionContext"] == {"Database": orders.database, "Catalog": "awsdatacatalog"}

    def test_a_text_longer_than_athenas_limit_is_refused(self, lake):
        where = {"ResultConfiguration": {"OutputLocation": f"s3://{lake.bucket}/results/"}}

        error = refusal(lake.athena.start_query_execution, QueryString="SELECT 1" + " " * 262_137, **where)

        assert "Member must have length less than or equal to 262144" in error["Message"]
        assert lake.run("SELECT 1" + " " * 262_136)


class TestLists:
    def test_executions_are_listed_newest_first_in_pages_that_new_ones_do_not_shift(self, lake, name):
        lake.athena.create_work_group(Name=name, Configuration={})
        ids = [lake.run("SELECT 1", WorkGroup=name)["QueryExecutionId"] for _ in range(5)]

        first = lake.athena.list_query_executions(WorkGroup=name, MaxResults=2)
        lake.run("SELECT 1", WorkGroup=name)
        rest = lake.athena.list_query_executions(WorkGroup=name, NextToken=first["NextToken"])

        assert first["QueryExecutionIds"] + rest["QueryExecutionIds"] == ids[::-1]
        assert "NextToken" not in rest
        assert refusal(lake.athena.list_query_executions, WorkGroup=name, NextToken="x")["Code"] == (
            "InvalidRequestException"
        )

    def test_workgroups_and_prepared_statements_have_pages_in_order(self, lake, name):
        lake.athena.create_work_group(Name=name, Configuration={})
        for statement in ("pb", "pa"):
            lake.athena.create_prepared_statement(StatementName=statement, WorkGroup=name, QueryStatement="SELECT 1")

        first = lake.athena.list_prepared_statements(WorkGroup=name, MaxResults=1)
        second = lake.athena.list_prepared_statements(WorkGroup=name, NextToken=first["NextToken"])

        assert [page["PreparedStatements"][0]["StatementName"] for page in (first, second)] == ["pa", "pb"]
        groups = [group["Name"] for group in lake.athena.list_work_groups()["WorkGroups"]]
        assert groups == sorted(groups)
        assert len(lake.athena.list_work_groups(MaxResults=1)["WorkGroups"]) == 1

    def test_tables_are_listed_by_regular_expression(self, lake):
        for table in ("b1", "a2", "a1"):
            lake.run(f"CREATE TABLE {table} AS SELECT 1 AS x")
        place = {"CatalogName": "awsdatacatalog", "DatabaseName": lake.database}

        def names(**request):
            return [one["Name"] for one in lake.athena.list_table_metadata(**place, **request)["TableMetadataList"]]

        assert names() == ["a1", "a2", "b1"]
        assert names(Expression="a[12]") == names(Expression="a.*") == names(Expression="a*") == ["a1", "a2"]
        assert names(Expression="^b1$") == ["b1"]
        assert names(MaxResults=2) == ["a1", "a2"]
        assert refusal(lake.athena.list_table_metadata, **place, Expression="[")["Code"] == "InvalidRequestException"


class TestMetadata:
    @pytest.mark.parametrize("catalog", ["AwsDataCatalog", "awsdatacatalog", "AWSDATACATALOG"])
    def test_a_catalog_has_no_case(self, lake, catalog):
        lake.run("CREATE TABLE t AS SELECT 1 AS x")

        assert lake.athena.get_data_catalog(Name=catalog)["DataCatalog"]["Name"] == "AwsDataCatalog"
        assert lake.athena.get_database(CatalogName=catalog, DatabaseName="default")["Database"]["Name"] == "default"
        pages = lake.athena.get_paginator("list_databases").paginate(CatalogName=catalog)
        assert lake.database in [one["Name"] for page in pages for one in page["DatabaseList"]]
        found = lake.athena.get_table_metadata(CatalogName=catalog, DatabaseName=lake.database, TableName="T")
        assert found["TableMetadata"]["Name"] == "t"

    def test_the_parameters_of_a_table_say_how_its_files_are_read(self, lake):
        lake.run(
            "CREATE EXTERNAL TABLE t (a int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ';' "
            f"LOCATION 's3://{lake.bucket}/t/'"
        )

        found = lake.athena.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=lake.database, TableName="t")[
            "TableMetadata"
        ]["Parameters"]

        assert found["location"] == f"s3://{lake.bucket}/t"
        assert found["serde.serialization.lib"].endswith("LazySimpleSerDe")
        assert found["serde.param.field.delim"] == ";"
        assert found["inputformat"].endswith("TextInputFormat")
        assert found["outputformat"].endswith("HiveIgnoreKeyTextOutputFormat")

    def test_show_and_describe_have_columns_of_type_string_and_hives_types(self, orders):
        for sql in (
            "SHOW TABLES",
            "SHOW DATABASES",
            "DESCRIBE orders",
            "SHOW TBLPROPERTIES orders",
            "SHOW CREATE TABLE orders",
        ):
            columns = orders.results(sql)["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            assert {(c["Type"], c["Precision"], c["CaseSensitive"]) for c in columns} == {("string", 0, False)}, sql
        assert [row[1] for row in orders.rows("DESCRIBE orders")] == [
            "bigint", "date", "decimal(12,2)", "array<string>", "timestamp",
        ]  # fmt: skip

    def test_describe_names_the_partition_keys_twice(self, lake):
        lake.run("CREATE TABLE t WITH (partitioned_by = ARRAY['k']) AS SELECT 1 AS x, 'a' AS k")

        assert lake.rows("DESCRIBE t") == [
            ("x", "int", ""), ("k", "string", ""), ("", "", ""), ("# Partition Information", "", ""),
            ("# col_name", "data_type", "comment"), ("", "", ""), ("k", "string", ""),
        ]  # fmt: skip

    def test_an_explained_plan_has_its_header(self, lake):
        assert lake.rows("EXPLAIN SELECT 1")[0] == ("Query Plan",)


class TestSavedQueries:
    def test_a_prepared_statement_is_updated_and_read_in_a_batch(self, lake, name):
        lake.athena.create_work_group(Name=name, Configuration={})
        place = {"WorkGroup": name, "StatementName": "pa"}
        lake.athena.create_prepared_statement(**place, QueryStatement="SELECT 1")

        lake.athena.update_prepared_statement(**place, QueryStatement="SELECT ? + 1")

        found = lake.athena.batch_get_prepared_statement(PreparedStatementNames=["pa", "qa"], WorkGroup=name)
        assert [one["QueryStatement"] for one in found["PreparedStatements"]] == ["SELECT ? + 1"]
        assert [one["StatementName"] for one in found["UnprocessedPreparedStatementNames"]] == ["qa"]
        assert "Description" not in lake.athena.get_prepared_statement(**place)["PreparedStatement"]
        missing = {**place, "StatementName": "qa", "QueryStatement": "SELECT 1"}
        assert refusal(lake.athena.update_prepared_statement, **missing)["Code"] == "ResourceNotFoundException"
        ended = lake.run('EXECUTE "pa" USING 2', WorkGroup=name)
        rows = lake.athena.get_query_results(QueryExecutionId=ended["QueryExecutionId"])["ResultSet"]["Rows"]
        assert rows[1]["Data"] == [{"VarCharValue": "3"}]

    def test_a_named_query_is_updated(self, lake):
        made = lake.athena.create_named_query(Name="n", Database=lake.database, QueryString="SELECT 1")["NamedQueryId"]

        lake.athena.update_named_query(NamedQueryId=made, Name="m", QueryString="SELECT 2")

        found = lake.athena.get_named_query(NamedQueryId=made)["NamedQuery"]
        assert (found["Name"], found["QueryString"], "Description" in found) == ("m", "SELECT 2", False)

    def test_runtime_statistics_and_engine_versions(self, orders):
        query_id = orders.run("SELECT * FROM orders")["QueryExecutionId"]

        found = orders.athena.get_query_runtime_statistics(QueryExecutionId=query_id)["QueryRuntimeStatistics"]
        versions = orders.athena.list_engine_versions()["EngineVersions"]

        assert found["Timeline"]["TotalExecutionTimeInMillis"] > 0
        assert found["Rows"]["InputBytes"] > 0
        assert {one["EffectiveEngineVersion"] for one in versions} == {"Athena engine version 3"}


class TestParameters:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            pytest.param("Washington", "Washington", id="a word"),
            pytest.param("'Washington'", "Washington", id="in quotes"),
            pytest.param("New York", "New York", id="two words"),
            pytest.param("it's", "it's", id="with a quote"),
            pytest.param("a,b", "a,b", id="with a comma"),
            pytest.param("1", "1", id="a number"),
            pytest.param("DATE '2024-01-01'", "2024-01-01", id="a date"),
            pytest.param("x) or (true", "x) or (true", id="never SQL"),
        ],
    )
    def test_a_text_needs_no_quotes(self, lake, value, shown):
        assert lake.rows("SELECT ?", value) == [(shown,)]

    def test_a_query_is_no_parameter(self, lake):
        assert lake.failure("SELECT ?", "(SELECT 1)").startswith("INVALID_PARAMETER_USAGE")

    def test_create_table_as_takes_parameters_and_other_statements_do_not(self, orders):
        orders.run("CREATE TABLE some AS SELECT id FROM orders WHERE id < ?", "3")

        assert orders.rows("SELECT id FROM some ORDER BY 1") == [("1",), ("2",)]
        assert orders.failure("CREATE VIEW v AS SELECT 1 AS x", "3").startswith("INVALID_PARAMETER_USAGE")
        assert orders.failure("SHOW TABLES", "3").startswith("INVALID_PARAMETER_USAGE")


def test_objects_are_encrypted_unless_the_bucket_says_otherwise_and_a_copy_too(lake):
    lake.put("a", "1")
    lake.s3.copy_object(Bucket=lake.bucket, Key="b", CopySource={"Bucket": lake.bucket, "Key": "a"})
    upload = lake.s3.create_multipart_upload(Bucket=lake.bucket, Key="c")["UploadId"]
    part = lake.s3.upload_part(Bucket=lake.bucket, Key="c", UploadId=upload, PartNumber=1, Body=b"1")["ETag"]
    parts = {"Parts": [{"ETag": part, "PartNumber": 1}]}
    lake.s3.complete_multipart_upload(Bucket=lake.bucket, Key="c", UploadId=upload, MultipartUpload=parts)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}
    lake.s3.put_bucket_encryption(Bucket=lake.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    lake.put("d", "1")

    found = {key: lake.s3.head_object(Bucket=lake.bucket, Key=key)["ServerSideEncryption"] for key in "abcd"}

    assert found == {"a": "AES256", "b": "AES256", "c": "AES256", "d": "aws:kms"}
    assert lake.s3.get_object(Bucket=lake.bucket, Key="a")["ServerSideEncryption"] == "AES256"


def test_a_token_is_known_after_a_restart(own_localaws, name):
    lake, same = Lake(own_localaws, name), token()
    first = lake.start("SELECT 1", ClientRequestToken=same)
    lake.ended(first)
    time.sleep(2)
    server.stop(own_localaws.settings)
    server.start(own_localaws.settings)

    assert lake.start("SELECT 1", ClientRequestToken=same) == first
