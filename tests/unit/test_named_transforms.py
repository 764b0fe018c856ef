"""The functions that contracts name below glue_jobs/transforms."""

import pytest

from cartlake import contracts
from cartlake.errors import TerminalError
from glue_jobs.shared.functions import function_named
from glue_jobs.transforms import sales
from glue_jobs.transforms.identities import matching

NAMED = {
    name: table.physical_name
    for contract in contracts.load_all()
    for table in contract.tables
    for name in (table.build.transform if table.build and table.build.workflow == "refresh" else None, table.prepare)
    if name
}


@pytest.mark.parametrize("name", NAMED)
def test_every_function_that_a_contract_names_is_there_and_not_only_imported(name):
    function = function_named(name, NAMED[name])

    assert f"{function.__module__}.{function.__name__}" == f"glue_jobs.transforms.{name}"


def test_a_name_is_a_module_and_a_function_or_a_package_before_them():
    assert function_named("sales.sales_weekly", "curated.sales_weekly") is sales.sales_weekly
    assert function_named("identities.matching.customer_matches", "x") is matching.customer_matches


@pytest.mark.parametrize(
    ("name", "place"),
    [
        pytest.param("sales.sales_hourly", "glue_jobs/transforms/sales.py", id="no such function"),
        pytest.param("returns.rates", "glue_jobs/transforms/returns.py", id="no such module"),
        pytest.param("identities.scoring.rates", "glue_jobs/transforms/identities/scoring.py", id="of a package"),
    ],
)
def test_a_function_that_is_not_there_is_named_with_its_place(name, place):
    with pytest.raises(TerminalError, match=f"The contract of curated.x names the function {name}.* {place}"):
        function_named(name, "curated.x")
