"""Workgroups: the settings that AWS fills in, and where the results of a query go."""

from __future__ import annotations

from typing import Any

from ministack.core.responses import json_response
from ministack.services import athena

from localaws.athena_api.errors import invalid_request

# ruff: noqa: SLF001 -- MiniStack has no other interface


def get_workgroup(data: dict[str, Any]) -> Any:
    """Answer GetWorkGroup with the settings that AWS fills in; awswrangler reads them."""
    workgroup = athena._workgroups.get(data.get("WorkGroup"))
    if workgroup is None:
        return invalid_request(f"WorkGroup {data.get('WorkGroup')} is not found.")
    return json_response({"WorkGroup": {**workgroup, "Configuration": configuration_of(workgroup)}})


def configuration_of(workgroup: dict[str, Any]) -> dict[str, Any]:
    """Return a workgroup's Configuration, with AWS's defaults for what it does not set."""
    own = workgroup.get("Configuration") or {}
    selected = (own.get("EngineVersion") or {}).get("SelectedEngineVersion", "AUTO")
    return {
        "ResultConfiguration": {},
        "EnforceWorkGroupConfiguration": workgroup["Name"] != "primary",
        "PublishCloudWatchMetricsEnabled": True,
        "RequesterPaysEnabled": False,
        **own,
        "EngineVersion": {"SelectedEngineVersion": selected, "EffectiveEngineVersion": "Athena engine version 3"},
    }


def result_configuration(data: dict[str, Any], configuration: dict[str, Any]) -> dict[str, Any]:
    """Return the ResultConfiguration of a query: the workgroup's, where it enforces it or the client sends none."""
    own = data.get("ResultConfiguration") or {}
    group = configuration.get("ResultConfiguration") or {}
    if configuration["EnforceWorkGroupConfiguration"] and group.get("OutputLocation"):
        return dict(group)
    return {**group, **own}
