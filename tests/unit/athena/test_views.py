"""Views are compared with their files by fingerprints, because Athena stores another text than it was sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from cartlake import contracts
from cartlake_cli.athena import views
from cartlake_cli.athena.views import View

if TYPE_CHECKING:
    from collections.abc import Iterator

DAILY = View("curated", "daily", "create or replace view curated.daily as\nselect day from curated.sales")


@dataclass
class FormattingAthena:
    """Stores views as Athena does: not as they were sent, and without parameters of others."""

    glue: Any

    def run(self, sql: str, database: str) -> None:
        head, _, body = sql.partition(" as\n")
        name = head.rpartition(".")[2]
        entry = {"Name": name, "TableType": "VIRTUAL_VIEW", "Parameters": {"presto_view": "true"}}
        entry["ViewOriginalText"] = f"/* Presto View: {body.upper().split()} */"
        entry["StorageDescriptor"] = {"Columns": [{"Name": "day", "Type": "date"}], "Location": ""}
        try:
            self.glue.create_table(DatabaseName=database, TableInput=entry)
        except self.glue.exceptions.AlreadyExistsException:
            self.glue.update_table(DatabaseName=database, TableInput=entry)


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("glue", region_name="us-east-1")
        client.create_database(DatabaseInput={"Name": "curated"})
        yield client


@pytest.fixture
def athena(glue: Any) -> Any:
    return FormattingAthena(glue)


def actions(changes: list[views.ViewChange]) -> list[str]:
    return [change.action for change in changes]


def test_a_new_view_is_created_and_then_as_its_file_says(glue: Any, athena: Any) -> None:
    assert actions(views.apply(glue, athena, [DAILY])) == ["create view"]
    assert views.plan(glue, [DAILY]) == []
    assert views.apply(glue, athena, [DAILY]) == []


def test_what_athena_stored_stays_beside_the_fingerprints(
    glue: Any, athena: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = glue.get_table
    empty = {"Owner": "", "Retention": 0}  # an owner that was never set is given back empty, and refused as an input
    monkeypatch.setattr(glue, "get_table", lambda **key: {"Table": asked(**key)["Table"] | empty})
    views.apply(glue, athena, [DAILY])

    stored = asked(DatabaseName="curated", Name="daily")["Table"]
    assert stored["ViewOriginalText"].startswith("/* Presto View: ['SELECT'")
    assert stored["TableType"] == "VIRTUAL_VIEW"
    assert stored["StorageDescriptor"]["Columns"] == [{"Name": "day", "Type": "date"}]
    assert set(stored["Parameters"]) == {"presto_view", views.STATEMENT_PARAMETER, views.STORED_PARAMETER}


@pytest.mark.parametrize(
    ("body", "planned"),
    [
        pytest.param("select day from curated.sales", [], id="the same"),
        pytest.param("select\n    day\nfrom curated.sales\n", [], id="other line breaks"),
        pytest.param("select day, 1 as one from curated.sales", ["replace view"], id="another column"),
        pytest.param("select day from curated.sales where city = 'a b'", ["replace view"], id="a condition"),
    ],
)
def test_a_changed_file_replaces_the_view(glue: Any, athena: Any, body: str, planned: list[str]) -> None:
    views.apply(glue, athena, [DAILY])

    changed = View("curated", "daily", f"create or replace view curated.daily as\n{body}")

    assert actions(views.plan(glue, [changed])) == planned


def test_capitals_within_a_text_count(glue: Any, athena: Any) -> None:
    lower, upper = (View("curated", "daily", f"{DAILY.sql} where city = '{city}'") for city in ("a", "A"))
    views.apply(glue, athena, [lower])

    assert actions(views.plan(glue, [upper])) == ["replace view"]


@pytest.mark.parametrize("keeps_parameters", [True, False])
def test_a_view_that_was_replaced_by_hand_is_replaced(glue: Any, athena: Any, *, keeps_parameters: bool) -> None:
    views.apply(glue, athena, [DAILY])
    parameters = glue.get_table(DatabaseName="curated", Name="daily")["Table"]["Parameters"]
    athena.run("create or replace view curated.daily as\nselect 1 as day", "curated")
    if keeps_parameters:
        entry = glue.get_table(DatabaseName="curated", Name="daily")["Table"]
        kept = {key: entry[key] for key in ("Name", "TableType", "ViewOriginalText", "StorageDescriptor")}
        glue.update_table(DatabaseName="curated", TableInput=kept | {"Parameters": parameters})

    assert actions(views.plan(glue, [DAILY])) == ["replace view"]
    views.apply(glue, athena, [DAILY])
    assert views.plan(glue, [DAILY]) == []


def test_a_view_of_an_earlier_version_without_fingerprints_is_replaced_once(glue: Any, athena: Any) -> None:
    athena.run(DAILY.sql, "curated")

    assert actions(views.apply(glue, athena, [DAILY])) == ["replace view"]
    assert views.plan(glue, [DAILY]) == []


def test_no_column_of_a_view_made_from_contracts_is_an_instant() -> None:
    known = contracts.load_all()
    masked = {f"{view.database}.{view.name}": view.sql for view in views.masked_views(known)}
    instants = [
        (table, column.name)
        for contract in known
        for table in contract.tables
        for column in table.columns
        if column.type == "timestamp" and f"{table.physical_name}_masked" in masked
    ]

    assert len(instants) > 5
    for table, column in instants:
        assert f"as timestamp(3)) as {column}" in masked[f"{table.physical_name}_masked"]
    assert "cast(max(history.made_current_at) as timestamp(3))" in views.freshness_view(known).sql
