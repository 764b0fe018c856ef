"""Glue: texts of the catalog, settings of jobs, what is deleted with a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localaws.conformance.checks import check, refused
from localaws.conformance.services.glue import STORAGE, database

if TYPE_CHECKING:
    from localaws.conformance.target import Target

INVALID = ("InvalidInputException", "ValidationException")


def _job(target: Target, **settings: Any) -> dict[str, Any]:
    command = {"Name": "glueetl", "ScriptLocation": "s3://conformance/none.py", "PythonVersion": "3"}
    return {"Name": target.name, "Role": target.role, "Command": command, "GlueVersion": "5.0", **settings}


@check("glue", "a comment has no line break, in columns and in partition keys")
def line_breaks(target: Target) -> None:
    client, name = database(target)
    column = {"Name": "a", "Type": "int", "Comment": "one\ntwo"}
    for where in ({"StorageDescriptor": {"Columns": [column]}}, {"PartitionKeys": [column]}):
        request = {"DatabaseName": name, "TableInput": {"Name": "t", **where}}
        refused(INVALID, client.create_table, **request)


@check("glue", "descriptions have at most 2,048 characters")
def descriptions(target: Target) -> None:
    client, name = database(target)
    long = "x" * 2_049
    refused(INVALID, client.create_table, DatabaseName=name, TableInput={"Name": "t", "Description": long})
    refused(INVALID, client.update_database, Name=name, DatabaseInput={"Name": name, "Description": long})


@check("glue", "keys of parameters have no line break and at most 255 characters")
def parameters(target: Target) -> None:
    client, name = database(target)
    for key in ("a\nb", "x" * 256):
        refused(INVALID, client.create_table, DatabaseName=name, TableInput={"Name": "t", "Parameters": {key: "v"}})


@check("glue", "a partition has a value for each key")
def partition_values(target: Target) -> None:
    client, name = database(target)
    keys = [{"Name": "y", "Type": "int"}]
    client.create_table(
        DatabaseName=name, TableInput={"Name": "t", "StorageDescriptor": STORAGE, "PartitionKeys": keys}
    )
    target.later(client.delete_table, DatabaseName=name, Name="t")
    partition = {"Values": ["2020", "1"], "StorageDescriptor": STORAGE}
    refused(
        "InvalidInputException", client.create_partition, DatabaseName=name, TableName="t", PartitionInput=partition
    )


@check("glue", "a database is deleted with its tables")
def cascade(target: Target) -> None:
    client, name = database(target)
    client.create_table(DatabaseName=name, TableInput={"Name": "t", "StorageDescriptor": STORAGE})
    client.delete_database(Name=name)
    client.create_database(DatabaseInput={"Name": name})
    refused("EntityNotFoundException", client.get_table, DatabaseName=name, Name="t")


@check("glue", "a job has a timeout of at most seven days")
def job_timeout(target: Target) -> None:
    request = _job(target, Timeout=10_081, WorkerType="G.1X", NumberOfWorkers=2)
    refused(INVALID, target.client("glue").create_job, **request)


@check("glue", "a job of worker type G.1X has at least two workers")
def workers(target: Target) -> None:
    request = _job(target, WorkerType="G.1X", NumberOfWorkers=1)
    refused(INVALID, target.client("glue").create_job, **request)


@check("glue", "a job has a capacity or a number of workers, not both")
def capacity(target: Target) -> None:
    request = _job(target, WorkerType="G.1X", NumberOfWorkers=2, MaxCapacity=2.0)
    refused(INVALID, target.client("glue").create_job, **request)


@check("glue", "a job that exists is not created again")
def same_job(target: Target) -> None:
    client = target.client("glue")
    client.create_job(**_job(target, WorkerType="G.1X", NumberOfWorkers=2))
    target.later(client.delete_job, JobName=target.name)
    codes = ("AlreadyExistsException", "IdempotentParameterMismatchException")
    refused(codes, client.create_job, **_job(target, WorkerType="G.1X", NumberOfWorkers=3))
