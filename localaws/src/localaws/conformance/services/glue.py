"""The Glue catalog: absent members, partitions and their expressions, versions, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.conformance.checks import check, equal, refused

if TYPE_CHECKING:
    from localaws.conformance.target import Target

STORAGE: Any = {"Columns": [{"Name": "a", "Type": "int"}], "Location": "s3://conformance/none/"}


def database(target: Target) -> tuple[Any, str]:
    """Create a database; it is deleted with its tables after the check. Returns a client and its name."""
    client, name = target.client("glue"), target.name.replace("-", "_")
    client.create_database(DatabaseInput={"Name": name})
    target.later(client.delete_database, Name=name)
    return client, name


def _table(target: Target, *keys: tuple[str, str]) -> tuple[Any, dict[str, str]]:
    client, name = database(target)
    table = {
        "Name": "t",
        "StorageDescriptor": STORAGE,
        "PartitionKeys": [{"Name": key, "Type": kind} for key, kind in keys],
    }
    client.create_table(DatabaseName=name, TableInput=table)
    target.later(client.delete_table, DatabaseName=name, Name="t")
    return client, {"DatabaseName": name, "TableName": "t"}


def _partitioned(target: Target) -> tuple[Any, dict[str, str]]:
    client, place = _table(target, ("y", "int"), ("m", "int"))
    inputs = [
        {"Values": [y, m], "StorageDescriptor": STORAGE} for y, m in (("2020", "1"), ("2021", "1"), ("2021", "2"))
    ]
    client.batch_create_partition(**place, PartitionInputList=inputs)
    return client, place


@check("glue", "a table without owner and description has no such members, so that it can be sent back")
def absent_members(target: Target) -> None:
    client, place = _table(target)
    found = client.get_table(DatabaseName=place["DatabaseName"], Name="t")["Table"]
    equal([name for name in ("Owner", "Description") if name in found], [])


@check("glue", "names are kept in small letters")
def names(target: Target) -> None:
    client, name = database(target)
    client.create_table(DatabaseName=name, TableInput={"Name": "Mixed", "StorageDescriptor": STORAGE})
    target.later(client.delete_table, DatabaseName=name, Name="mixed")
    equal(client.get_table(DatabaseName=name, Name="MIXED")["Table"]["Name"], "mixed")


@check("glue", "partitions are chosen by an expression, and an invalid one is refused")
def expressions(target: Target) -> None:
    client, place = _partitioned(target)
    found = client.get_partitions(**place, Expression="y = 2021 AND m > 1")["Partitions"]
    equal([partition["Values"] for partition in found], [["2021", "2"]])
    refused("InvalidInputException", client.get_partitions, **place, Expression="nonsense ((")
    refused("InvalidInputException", client.get_partitions, **place, Expression="q = 1")


@check("glue", "a partition is created once, and one that is not there cannot be deleted")
def partitions(target: Target) -> None:
    client, place = _partitioned(target)
    again = {"Values": ["2020", "1"], "StorageDescriptor": STORAGE}
    refused("AlreadyExistsException", client.create_partition, **place, PartitionInput=again)
    refused("EntityNotFoundException", client.delete_partition, **place, PartitionValues=["1999", "1"])


@check("glue", "partitions are deleted in batches, with the errors of those that are not there")
def batches(target: Target) -> None:
    client, place = _partitioned(target)
    gone = [{"Values": ["2020", "1"]}, {"Values": ["1999", "1"]}]
    errors = client.batch_delete_partition(**place, PartitionsToDelete=gone)["Errors"]
    equal([error["PartitionValues"] for error in errors], [["1999", "1"]])
    equal(len(client.get_partitions(**place)["Partitions"]), 2)


@check("glue", "an update makes a version, and one of an old version is refused")
def table_versions(target: Target) -> None:
    client, place = _table(target)
    request = {"DatabaseName": place["DatabaseName"], "TableInput": {"Name": "t", "StorageDescriptor": STORAGE}}
    first = client.get_table(DatabaseName=place["DatabaseName"], Name="t")["Table"]["VersionId"]
    client.update_table(**request, VersionId=first)
    refused("ConcurrentModificationException", client.update_table, **request, VersionId=first)
    equal(len(client.get_table_versions(**place)["TableVersions"]), 2)


@check("glue", "a comment of more than 255 characters is refused")
def comments(target: Target) -> None:
    client, name = database(target)
    columns = [{"Name": "a", "Type": "int", "Comment": "x" * 256}]
    table = {"Name": "t", "StorageDescriptor": {"Columns": columns}}
    refused(("ValidationException", "InvalidInputException"), client.create_table, DatabaseName=name, TableInput=table)


@check("glue", "a list of tables is cut at MaxResults and continues with its token")
def paging(target: Target) -> None:
    client, name = database(target)
    for table in ("a", "b", "c"):
        client.create_table(DatabaseName=name, TableInput={"Name": table, "StorageDescriptor": STORAGE})
        target.later(client.delete_table, DatabaseName=name, Name=table)
    first = client.get_tables(DatabaseName=name, MaxResults=2)
    rest = client.get_tables(DatabaseName=name, MaxResults=2, NextToken=first["NextToken"])
    equal(sorted(one["Name"] for page in (first, rest) for one in page["TableList"]), ["a", "b", "c"])
