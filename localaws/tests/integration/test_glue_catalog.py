"""Glue's databases, tables and partitions as clients know them."""

import itertools

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.integration

TEXT = {"Columns": [{"Name": "v", "Type": "int"}], "SerdeInfo": {"SerializationLibrary": "x"}}


@pytest.fixture
def partitioned(lake):
    """A table with the partitions 2021/2, 2021/10 and 2022/2."""
    keys = [{"Name": "y", "Type": "int"}, {"Name": "m", "Type": "int"}]
    wanted = {"Name": "t", "StorageDescriptor": TEXT, "PartitionKeys": keys, "TableType": "EXTERNAL_TABLE"}
    lake.glue.create_table(DatabaseName=lake.database, TableInput=wanted)
    for values in (["2022", "2"], ["2021", "10"], ["2021", "2"]):
        lake.glue.create_partition(
            DatabaseName=lake.database, TableName="t", PartitionInput={"Values": values, "StorageDescriptor": TEXT}
        )
    return lake


def partitions(lake, **request):
    pages = lake.glue.get_paginator("get_partitions").paginate(
        DatabaseName=lake.database, TableName="t", PaginationConfig={"PageSize": 2}, **request
    )
    return [tuple(partition["Values"]) for page in pages for partition in page["Partitions"]]


def refusal(call, **request):
    with pytest.raises(ClientError) as raised:
        call(**request)
    return raised.value.response["Error"]["Code"]


class TestTables:
    def test_members_that_were_never_set_are_absent_and_a_table_can_be_sent_back(self, lake):
        wanted = {"Name": "T1", "StorageDescriptor": TEXT}
        lake.glue.create_table(DatabaseName=lake.database.upper(), TableInput=wanted)

        table = lake.glue.get_table(DatabaseName=lake.database, Name="t1")["Table"]
        listed = lake.glue.get_tables(DatabaseName=lake.database)["TableList"]
        versions = lake.glue.get_table_versions(DatabaseName=lake.database, TableName="T1")["TableVersions"]

        assert not {"Owner", "Description", "ViewOriginalText", "TableType", "LastAccessTime"} & set(table)
        assert "Description" not in lake.glue.get_database(Name=lake.database)["Database"]
        assert [listed[0], versions[0]["Table"]] == [table, table]
        kept = {k: table[k] for k in ("Name", "StorageDescriptor", "PartitionKeys", "Parameters", "Retention")}
        lake.glue.update_table(DatabaseName=lake.database, TableInput={**kept, "Owner": "me"})
        assert lake.glue.get_table(DatabaseName=lake.database, Name="t1")["Table"]["Owner"] == "me"

    def test_an_update_replaces_the_whole_table(self, lake):
        given = {"Name": "t", "Description": "old", "Owner": "me", "Parameters": {"a": "1"}, "StorageDescriptor": TEXT}
        lake.glue.create_table(DatabaseName=lake.database, TableInput=given)

        lake.glue.update_table(DatabaseName=lake.database, TableInput={"Name": "t", "Parameters": {"b": "2"}})

        table = lake.glue.get_table(DatabaseName=lake.database, Name="t")["Table"]
        assert not {"Description", "Owner", "StorageDescriptor"} & set(table)
        assert table["Parameters"] == {"b": "2"}

    def test_lists_are_in_order_in_pages_and_filtered(self, lake):
        for name in ("orders_b", "customers", "orders_a", "returns"):
            lake.glue.create_table(DatabaseName=lake.database, TableInput={"Name": name})

        def names(**request):
            pages = lake.glue.get_paginator("get_tables").paginate(DatabaseName=lake.database, **request)
            return [[table["Name"] for table in page["TableList"]] for page in pages]

        assert names(PaginationConfig={"PageSize": 3}) == [["customers", "orders_a", "orders_b"], ["returns"]]
        assert names(Expression="orders*") == names(Expression="orders_.*") == [["orders_a", "orders_b"]]
        assert names(Expression="*s*|none") == [["customers", "orders_a", "orders_b", "returns"]]
        assert names(Expression="returns|customers") == [["customers", "returns"]]
        assert names(Expression="order") == [[]]
        assert refusal(lake.glue.get_tables, DatabaseName="not_there") == "EntityNotFoundException"
        assert refusal(lake.glue.get_tables, DatabaseName=lake.database, Expression="(") == "InvalidInputException"
        assert refusal(lake.glue.get_tables, DatabaseName=lake.database, NextToken="x") == "InvalidInputException"

    def test_databases_are_in_order_and_default_is_one_of_them(self, lake):
        names = [
            one["Name"] for page in lake.glue.get_paginator("get_databases").paginate() for one in page["DatabaseList"]
        ]

        assert {"default", lake.database} <= set(names)
        assert names == sorted(names)

    @pytest.mark.parametrize(
        ("request_", "found"),
        [
            pytest.param({"SearchText": "Net"}, ["a", "b"], id="a part of any text"),
            pytest.param({"SearchText": '"net"'}, ["a"], id="a whole text"),
            pytest.param({"Filters": [{"Key": "Name", "Value": "B"}]}, ["b"], id="a filter"),
            pytest.param(
                {"Filters": [{"Key": "rows", "Value": "9", "Comparator": "GREATER_THAN"}]}, ["b"], id="numbers"
            ),
            pytest.param({"SearchText": "net", "Filters": [{"Key": "Owner", "Value": "x"}]}, [], id="both"),
            pytest.param({"SearchText": "nowhere"}, [], id="none"),
            pytest.param({"SortCriteria": [{"FieldName": "Name", "Sort": "DESC"}]}, ["b", "a"], id="sorted"),
        ],
    )
    def test_tables_are_found_by_text_and_filters(self, lake, request_, found):
        for name, comment, rows in (("a", "net", "8"), ("b", "net revenue", "10")):
            columns = [{"Name": "amount", "Type": "int", "Comment": comment}]
            table = {"Name": name, "StorageDescriptor": {"Columns": columns}, "Parameters": {"rows": rows}}
            lake.glue.create_table(DatabaseName=lake.database, TableInput=table)
        own = [{"Key": "DatabaseName", "Value": lake.database}, *request_.get("Filters", [])]

        answer = lake.glue.search_tables(**{**request_, "Filters": own})

        assert [table["Name"] for table in answer["TableList"]] == found


class TestPartitions:
    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            pytest.param("y = 2021 AND m = 2", [("2021", "2")], id="both keys"),
            pytest.param("m < 10", [("2021", "2"), ("2022", "2")], id="by number"),
            pytest.param("", [("2021", "10"), ("2021", "2"), ("2022", "2")], id="none"),
        ],
    )
    def test_expressions_choose_and_pages_are_in_order(self, partitioned, expression, expected):
        request = {"Expression": expression} if expression else {}

        assert partitions(partitioned, **request) == expected

    @pytest.mark.parametrize("expression", ["q=1", "nonsense ((", "y = 'x'"])
    def test_other_expressions_are_refused(self, partitioned, expression):
        request = {"DatabaseName": partitioned.database, "TableName": "t", "Expression": expression}

        assert refusal(partitioned.glue.get_partitions, **request) == "InvalidInputException"

    def test_segments_share_the_partitions(self, partitioned):
        segments = [partitions(partitioned, Segment={"SegmentNumber": n, "TotalSegments": 3}) for n in range(3)]

        assert sorted(itertools.chain(*segments)) == partitions(partitioned)
        assert [len(segment) for segment in segments] != [3, 3, 3]

    def test_columns_can_be_left_out(self, partitioned):
        [first, *_] = partitioned.glue.get_partitions(
            DatabaseName=partitioned.database, TableName="t", ExcludeColumnSchema=True
        )["Partitions"]

        assert "Columns" not in first["StorageDescriptor"]
        assert first["StorageDescriptor"]["SerdeInfo"] == TEXT["SerdeInfo"]

    def test_one_is_changed_and_many_are_deleted(self, partitioned):
        place = {"DatabaseName": partitioned.database, "TableName": "t"}
        glue = partitioned.glue
        new = {"Values": ["2023", "1"], "Parameters": {"a": "1"}}

        glue.update_partition(**place, PartitionValueList=["2022", "2"], PartitionInput=new)
        refused = glue.batch_delete_partition(
            **place, PartitionsToDelete=[{"Values": ["2021", "2"]}, {"Values": ["1999", "1"]}]
        )["Errors"]

        assert partitions(partitioned) == [("2021", "10"), ("2023", "1")]
        assert glue.get_partition(**place, PartitionValues=["2023", "1"])["Partition"]["Parameters"] == {"a": "1"}
        assert [(e["PartitionValues"], e["ErrorDetail"]["ErrorCode"]) for e in refused] == [
            (["1999", "1"], "EntityNotFoundException")
        ]

    @pytest.mark.parametrize(
        ("action", "arguments", "code"),
        [
            ("delete_partition", {"PartitionValues": ["1", "1"]}, "EntityNotFoundException"),
            ("get_partition", {"PartitionValues": ["1", "1"]}, "EntityNotFoundException"),
            ("update_partition", {"PartitionValueList": ["1", "1"], "PartitionInput": {}}, "EntityNotFoundException"),
            (
                "update_partition",
                {"PartitionValueList": ["2022", "2"], "PartitionInput": {"Values": ["2021", "2"]}},
                "AlreadyExistsException",
            ),
            ("create_partition", {"PartitionInput": {"Values": ["2021", "2"]}}, "AlreadyExistsException"),
            ("create_partition", {"PartitionInput": {"Values": ["2021"]}}, "InvalidInputException"),
        ],
    )
    def test_what_is_not_there_or_does_not_fit_is_refused(self, partitioned, action, arguments, code):
        call = getattr(partitioned.glue, action)

        assert refusal(call, DatabaseName=partitioned.database, TableName="t", **arguments) == code
        assert len(partitions(partitioned)) == 3

    @pytest.mark.parametrize(
        ("action", "arguments"),
        [
            ("get_partitions", {}),
            ("create_partition", {"PartitionInput": {"Values": ["1"]}}),
            ("batch_create_partition", {"PartitionInputList": [{"Values": ["1"]}]}),
            ("batch_delete_partition", {"PartitionsToDelete": [{"Values": ["1"]}]}),
            ("delete_partition", {"PartitionValues": ["1"]}),
            ("batch_get_partition", {"PartitionsToGet": [{"Values": ["1"]}]}),
        ],
    )
    def test_a_table_that_is_not_there_has_no_partitions(self, lake, action, arguments):
        call = getattr(lake.glue, action)

        assert refusal(call, DatabaseName=lake.database, TableName="no", **arguments) == "EntityNotFoundException"

    def test_a_batch_creates_what_fits_and_names_the_rest(self, partitioned):
        answer = partitioned.glue.batch_create_partition(
            DatabaseName=partitioned.database,
            TableName="t",
            PartitionInputList=[{"Values": values} for values in (["2021", "2"], ["2024", "1"], ["2024"])],
        )

        assert [error["ErrorDetail"]["ErrorCode"] for error in answer["Errors"]] == [
            "AlreadyExistsException",
            "InvalidInputException",
        ]
        assert ("2024", "1") in partitions(partitioned)
