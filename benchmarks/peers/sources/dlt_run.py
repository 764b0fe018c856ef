"""`python dlt_run.py ADDRESS FOLDER search|sorted|list`: contacts to FOLDER/contacts.duckdb by dlt's rest_api source.

Runs in the environment of `benchmarks.peers.environment`, which has dlt. As its documentation shows it: merged by
primary key where the newer version wins (`dedup_sort`), archived contacts deleted (`hard_delete`), retries as they are.

search: incremental, by the search, which skips the rows before `after`. A `lag` reads the last 15 minutes again.
sorted: the same, by ascending modification time, in loads of 50 pages until there is nothing new (`add_limit`).
list: all contacts in every run, by the list and its links, as dlt's own HubSpot source does.
"""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import dlt  # type: ignore[import-not-found]
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]

PATH = "crm/v3/objects/contacts"
PROPERTIES = ["email", "firstname", "lastname", "phone", "country", "lifecyclestage", "createdate", "lastmodifieddate"]
LAG_SECONDS = 15 * 60
MOST_PAGES = 50
COLUMNS = {"updatedAt": {"dedup_sort": "desc"}, "archived": {"data_type": "bool", "hard_delete": True}}


def in_milliseconds(moment: str) -> str:
    return str(int(datetime.fromisoformat(moment).timestamp() * 1000))


def by_search(*, is_sorted: bool) -> dict[str, Any]:
    request = {
        "filterGroups": [
            {
                "filters": [
                    {
                        "propertyName": "lastmodifieddate",
                        "operator": "GTE",
                        "value": "{incremental.start_value}",
                    }
                ]
            }
        ],
        "properties": PROPERTIES,
        "limit": 200,
    }
    incremental: dict[str, Any] = {
        "cursor_path": "updatedAt",
        "initial_value": "1970-01-02T00:00:00.000Z",
        "lag": LAG_SECONDS,
        "convert": in_milliseconds,
    }
    if is_sorted:
        request["sorts"] = [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}]
        incremental["row_order"] = "asc"
    return {
        "path": f"{PATH}/search",
        "method": "POST",
        "json": request,
        "data_selector": "results",
        "incremental": incremental,
        "paginator": {"type": "cursor", "cursor_path": "paging.next.after", "cursor_body_path": "after"},
    }


def by_list(**params: str) -> dict[str, Any]:
    return {
        "path": PATH,
        "params": {"limit": 100, "properties": ",".join(PROPERTIES), **params},
        "data_selector": "results",
        "paginator": {"type": "json_link", "next_url_path": "paging.next.link"},
    }


def source_of(address: str, mode: str) -> Any:
    contacts = by_list() if mode == "list" else by_search(is_sorted=mode == "sorted")
    return rest_api_source(
        {
            "client": {"base_url": address, "auth": {"type": "bearer", "token": "private"}},
            "resource_defaults": {
                "table_name": "contacts",
                "primary_key": "id",
                "write_disposition": "merge",
                "columns": COLUMNS,
            },
            "resources": [
                {"name": "contacts", "endpoint": contacts},
                {"name": "archived_contacts", "endpoint": by_list(archived="true")},
            ],
        },
        name="hubspot",
    )


def main(address: str, folder: str, mode: str) -> None:
    home = Path(folder)
    pipeline = dlt.pipeline(
        "contacts",
        pipelines_dir=str(home / "dlt"),
        destination=dlt.destinations.duckdb(str(home / "contacts.duckdb")),
        dataset_name="lake",
    )
    before: Any = None
    while True:
        source = source_of(address, mode)
        if mode == "sorted":
            source.resources["contacts"].add_limit(MOST_PAGES)
        print(pipeline.run(source))
        newest = pipeline.state["sources"]["hubspot"]["resources"].get("contacts") if mode == "sorted" else None
        if newest == before:
            return
        before = newest


if __name__ == "__main__":
    main(*sys.argv[1:])
