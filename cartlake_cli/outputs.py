"""The Terraform outputs of a deployed lake: the object `lake` of every root."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cartlake_cli.errors import NotReadyError

OUTPUT = "lake"
"""Name of the output in `terraform/environments/*/outputs.tf`."""


class Api(BaseModel):
    """An HTTP API of API Gateway."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = Field(description="Id of the API.")
    url: str = Field(description="Its address on AWS.")


class SftpServer(BaseModel):
    """An SFTP server that the lake reads."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    place: str = Field(description="Host, folder and pattern of its files.")
    dataset: str = Field(description="Dataset that its files are of.")
    schedule: str | None = Field(description="When it is read; null when on demand only.")


class Outputs(BaseModel):
    """The names of all resources of one environment. A test compares Terraform's output with this model."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name_prefix: str = Field(description="Start of every name: <project>-<environment>.")
    environment: str = Field(description="Name of the environment.")
    region: str = Field(description="Region the lake is in.")
    account_id: str = Field(description="Account the lake is in.")
    buckets: dict[str, str] = Field(description="Bucket names, keyed by zone.")
    databases: dict[str, str] = Field(description="Glue database names, keyed by the name the contracts use.")
    crawlers: dict[str, str] = Field(description="Crawler names, keyed by the zone they catalog.")
    export_reader_roles: dict[str, str] = Field(description="Roles other accounts read exports with, keyed by reader.")
    access_roles: dict[str, str] = Field(description="Roles of people and producers, keyed by role.")
    access_workgroups: dict[str, str] = Field(description="Athena workgroup of each role of people.")
    workgroup: str = Field(description="Athena workgroup that enforces encryption and the scan limit.")
    named_queries: dict[str, str] = Field(description="Ids of the Athena named queries, keyed by name.")
    dashboard_url: str | None = Field(None, description="Where CloudFront hosts the dashboard; null where it does not.")
    apis: dict[str, Api] = Field(default={}, description="The HTTP APIs, keyed by who calls them.")
    ledger_table: str = Field(description="DynamoDB table of files and runs.")
    incoming_queue_url: str = Field(description="Queue of dropped files waiting to be validated.")
    incoming_dlq_url: str = Field(description="Queue of dropped files that could not be validated.")
    events_dlq_url: str = Field(description="Queue of events that could not be delivered or handled.")
    event_bus: str = Field(description="Bus of the lake's own events.")
    state_machine_arns: dict[str, str] = Field(description="State machines, keyed by workflow.")
    maintenance_schedule: str | None = Field(description="When tables are maintained; null when on demand only.")
    alerts_topic_arn: str = Field(description="Topic of alarms and failed runs.")
    glue_jobs: dict[str, str] = Field(description="Job names, keyed by their folder under glue_jobs/.")
    emr_application_id: str | None = Field(None, description="EMR Serverless that runs the jobs; null on Glue.")
    sources: dict[str, str | None] = Field(description="When each enabled source is read; null when on demand only.")
    streams: dict[str, str | None] = Field({}, description="When each topic is read; null when on demand only.")
    sftp: dict[str, SftpServer] = Field({}, description="The SFTP servers that are read, keyed by their names.")
    functions: dict[str, str] = Field(description="Lambda function names, keyed by their folder under lambdas/.")


def read_outputs(value: Any, environment: str) -> Outputs:
    """Return the value of Terraform's output `lake` as a model.

    Raises NotReadyError that names what is missing, when another version of the lake is deployed.
    """
    try:
        return Outputs.model_validate(value)
    except ValidationError as error:
        named = ", ".join(sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]})) or "all of them"
        msg = (
            f"`{environment}` was deployed by another version of Cartlake: these outputs are missing or not readable: "
            f"{named}. Deploy this version: `lake up` here, `terraform apply` in "
            f"terraform/environments/{environment} elsewhere."
        )
        raise NotReadyError(msg) from error
