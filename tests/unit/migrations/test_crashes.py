"""`lake tables apply` that dies: between tables, before a commit, after one and before its answer. Again is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import StringType

from cartlake import contracts
from cartlake_cli.migrations.commit import evolve
from cartlake_cli.migrations.migrate import apply, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyiceberg.catalog.glue import GlueCatalog
    from tests.unit.tables.conftest import Rows, Sales

    from cartlake.contracts import Contract
    from cartlake_cli.migrations.migrate import Placement


class DiedError(Exception):
    """The process was killed."""


class DyingGlue:
    """Glue that stops answering at its n-th write: before the write is made, or after."""

    def __init__(self, glue: Any, dies_at: int, *, after: bool) -> None:
        self.glue, self.left, self.after = glue, dies_at, after

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.glue, name)
        return self._dying(call) if name in ("create_table", "update_table") else call

    def _dying(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def made(**request: Any) -> Any:
            self.left -= 1
            if self.left == 0 and not self.after:
                raise DiedError
            answer = call(**request)
            if self.left == 0:
                raise DiedError
            return answer

        return made


@pytest.fixture
def grown() -> tuple[list[Contract], list[Contract]]:
    """Two contracts with a table each, before and after both lose a column."""
    from dataclasses import replace

    before = [contracts.load("vendors"), contracts.load("reviews")]

    def shrunk(contract: Contract) -> Contract:
        table = contract.table
        gone = next(c for c in reversed(table.columns) if not c.added_by_lake and not c.primary_key)
        columns = tuple(column for column in table.columns if column is not gone)
        properties = table.table_properties | {"cartlake.version": "2.0.0"}
        return replace(contract, tables=(replace(table, columns=columns, table_properties=properties),))

    return before, [shrunk(contract) for contract in before]


@pytest.mark.parametrize("after", [False, True], ids=["before it is taken", "before its answer"])
@pytest.mark.parametrize("dies_at", [1, 2])
def test_what_was_left_is_made_by_applying_again(
    catalog: GlueCatalog,
    placement: Placement,
    grown: tuple[list[Contract], list[Contract]],
    monkeypatch: pytest.MonkeyPatch,
    dies_at: int,
    *,
    after: bool,
) -> None:
    before, wanted = grown
    apply(catalog, before, placement)
    glue = catalog.glue
    monkeypatch.setattr(catalog, "glue", DyingGlue(glue, dies_at, after=after))
    with pytest.raises(DiedError):
        apply(catalog, wanted, placement)
    monkeypatch.setattr(catalog, "glue", glue)
    made = dies_at if after else dies_at - 1

    left = {change.table for change in plan(catalog, wanted, placement)}
    apply(catalog, wanted, placement)

    assert left == {contract.table.physical_name for contract in wanted[made:]}
    assert plan(catalog, wanted, placement) == []
    for contract in wanted:
        table = catalog.load_table(contract.table.physical_name)
        assert table.schema().column_names == [column.name for column in contract.table.columns]
        assert len(table.metadata.metadata_log) == 1


def test_a_commit_that_was_taken_though_its_answer_was_a_conflict_is_not_made_twice(
    catalog: GlueCatalog,
    placement: Placement,
    sales: Sales,
    write: Callable[..., None],
    rows: Callable[[], Rows],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apply(catalog, [sales.contract], placement)
    write({"order_id": "A", "pieces": 2})
    glue = catalog.glue

    class Repeating(DyingGlue):
        """botocore sends a request again when the answer is lost; Glue then sees a version it no longer has."""

        def _dying(self, call: Callable[..., Any]) -> Callable[..., Any]:
            def made(**request: Any) -> Any:
                call(**request)
                raise glue.exceptions.ConcurrentModificationException({}, "UpdateTable")

            return made

    monkeypatch.setattr(catalog, "glue", Repeating(glue, 0, after=True))
    apply(catalog, [sales.rename("pieces", "quantity").version("2.0.0").contract], placement)

    assert [row["quantity"] for row in rows()] == [2]
    assert len(catalog.load_table("processed.sales").metadata.metadata_log) == 2


def test_commits_of_writers_in_between_are_no_conflict(
    catalog: GlueCatalog,
    placement: Placement,
    sales: Sales,
    write: Callable[..., None],
    rows: Callable[[], Rows],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apply(catalog, [sales.contract], placement)
    glue = catalog.glue
    waiting = ["B", "C"]

    class Busy(DyingGlue):
        """Another writer commits between our reading of the table and our commit, twice."""

        def _dying(self, call: Callable[..., Any]) -> Callable[..., Any]:
            def made(**request: Any) -> Any:
                if not waiting:
                    return call(**request)
                monkeypatch.setattr(catalog, "glue", glue)
                write({"order_id": waiting.pop(), "pieces": 1})
                monkeypatch.setattr(catalog, "glue", self)
                raise glue.exceptions.ConcurrentModificationException({}, "UpdateTable")

            return made

    monkeypatch.setattr(catalog, "glue", Busy(glue, 0, after=True))
    apply(catalog, [sales.rename("pieces", "quantity").version("2.0.0").contract], placement)

    assert [(row["order_id"], row["quantity"]) for row in rows()] == [("B", 1), ("C", 1)]


@pytest.mark.parametrize("what", ["schema", "partitions", "sort order"])
def test_a_table_that_another_writer_changed_since_it_was_read_is_not_committed_over(
    catalog: GlueCatalog, placement: Placement, sales: Sales, what: str
) -> None:
    apply(catalog, [sales.contract], placement)
    looked_at = catalog.load_table("processed.sales")
    with catalog.load_table("processed.sales").transaction() as other:
        if what == "schema":
            other.update_schema().add_column("scratch", StringType()).commit()
        elif what == "partitions":
            other.update_spec().remove_field("ordered_at_month").commit()
        else:
            other.update_sort_order().asc("price", IdentityTransform()).commit()
    before = catalog.load_table("processed.sales").metadata_location
    wanted = sales.rename("pieces", "quantity").version("2.0.0").contract

    with pytest.raises(CommitFailedException, match="Requirement failed"):
        evolve(looked_at, wanted.table)

    assert catalog.load_table("processed.sales").metadata_location == before
