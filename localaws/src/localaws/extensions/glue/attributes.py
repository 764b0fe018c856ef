"""Keeps attributes of Glue jobs, crawlers and triggers that MiniStack drops: a second `terraform plan` is empty."""

from __future__ import annotations

from typing import Any

from ministack.services import glue

from localaws.hooks import succeeded, wrap

JOB_ATTRIBUTES = (
    "ExecutionClass",
    "ExecutionProperty",
    "JobMode",
    "JobRunQueuingEnabled",
    "LogUri",
    "MaintenanceWindow",
    "NotificationProperty",
    "SourceControlDetails",
)


def install() -> None:
    """Store on create and update the attributes that the API returns on read."""
    _keep_job_attributes()
    _keep_crawler_attributes()
    _keep_trigger_attributes()
    for kind, name in (("database", "_create_database"), ("connection", "_create_connection")):
        _tag_on_create(kind, name)


def _keep_job_attributes() -> None:
    @wrap(glue, "_create_job")
    def _(original: Any, data: dict[str, Any]) -> Any:
        response = original(data)
        if succeeded(response):
            glue._jobs[data["Name"]] |= _given(data)
            _tag("job", data)
        return response

    @wrap(glue, "_update_job")
    def _(original: Any, data: dict[str, Any]) -> Any:
        response = original(data)
        if succeeded(response):
            glue._jobs[data["JobName"]] |= _given(data.get("JobUpdate", {}))
        return response


def _keep_crawler_attributes() -> None:
    @wrap(glue, "_create_crawler")
    def _(original: Any, data: dict[str, Any]) -> Any:
        response = original(data)
        if succeeded(response):
            crawler = glue._crawlers[data["Name"]]
            crawler["LineageConfiguration"] = data.get("LineageConfiguration") or {"CrawlerLineageSettings": "DISABLE"}
            crawler["RecrawlPolicy"] = data.get("RecrawlPolicy") or {"RecrawlBehavior": "CRAWL_EVERYTHING"}
            _tag("crawler", data)
        return response

    @wrap(glue, "_update_crawler")
    def _(original: Any, data: dict[str, Any]) -> Any:
        response = original(data)
        if succeeded(response) and data.get("RecrawlPolicy"):
            glue._crawlers[data["Name"]]["RecrawlPolicy"] = data["RecrawlPolicy"]
        return response


def _keep_trigger_attributes() -> None:
    @wrap(glue, "_create_trigger")
    def _(original: Any, data: dict[str, Any]) -> Any:
        response = original(data)
        if succeeded(response):
            if not data.get("Predicate"):
                glue._triggers[data["Name"]].pop("Predicate", None)
            _tag("trigger", data)
        return response


def _given(data: dict[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in JOB_ATTRIBUTES if name in data}


def _tag(kind: str, data: dict[str, Any]) -> None:
    if data.get("Tags"):
        glue._tags[glue._arn(kind, data["Name"])] = dict(data["Tags"])


def _tag_on_create(kind: str, function: str) -> None:
    @wrap(glue, function)
    def _(original: Any, data: dict[str, Any]) -> Any:
        response = original(data)
        if succeeded(response):
            name = (data.get(f"{kind.title()}Input") or {})["Name"]
            _tag(kind, {"Name": name, "Tags": data.get("Tags")})
        return response
