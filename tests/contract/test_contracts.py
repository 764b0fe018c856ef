"""The contracts of the lake are plain ODCS, portable SQL, and agree with each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import sqlglot
import yaml
from open_data_contract_standard import model as standard
from sqlglot import exp

from cartlake import contracts
from cartlake.contracts import odcs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from cartlake.contracts import Contract, RowRule, Table

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "contracts").glob("*.odcs.yaml"))
SCHEMA = json.loads((Path(__file__).parent / "odcs-3.1.0.schema.json").read_text())
TABLES = [table for contract in contracts.load_all() for table in contract.tables]
ROW_RULES = [(table, rule) for table in TABLES for rule in table.row_rules]
KINDS = {"_required", "_matches_pattern", "_in_range", "_length_in_range", "_is_known", "_adds_up", "_not_in_future"}

one_per_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])
one_per_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.physical_name)


@one_per_file
def test_a_contract_is_valid_against_the_published_schema(path: Path) -> None:
    jsonschema.Draft201909Validator(SCHEMA).validate(yaml.safe_load(path.read_text()))


def test_the_published_schema_is_really_used() -> None:
    document = yaml.safe_load(FILES[0].read_text()) | {"surprise": 1}

    with pytest.raises(jsonschema.ValidationError, match="surprise"):
        jsonschema.Draft201909Validator(SCHEMA).validate(document)


LINT_ALL = """
import json, sys
from datacontract.cli import app
from typer.testing import CliRunner

done = {path: CliRunner().invoke(app, ["lint", path]) for path in sys.argv[1:]}
print(json.dumps({path: [result.exit_code, result.output] for path, result in done.items()}))
"""


@pytest.fixture(scope="module")
def linted() -> dict[str, tuple[int, str]]:
    """Exit code and output of `datacontract lint` for each contract, from one process: starting takes the longest."""
    # A proxy without an answer: lint must not need to fetch anything.
    environment = os.environ | {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    command = [sys.executable, "-c", LINT_ALL, *map(str, FILES)]

    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    assert done.returncode == 0, done.stderr
    answers: dict[str, tuple[int, str]] = json.loads(done.stdout.splitlines()[-1])
    return answers


@one_per_file
def test_datacontract_lint_passes_without_a_network(linted: dict[str, tuple[int, str]], path: Path) -> None:
    exit_code, output = linted[str(path)]

    assert exit_code == 0, output
    assert "Data contract is valid" in output


def test_sources_may_be_dropped_and_modelled_tables_may_not() -> None:
    sources = (
        "clickstream",
        "customers",
        "fx_rates",
        "hubspot_companies",
        "hubspot_contacts",
        "products",
        "redshift_behavior",
        "reviews",
        "shopify_orders",
        "snowflake_orders",
        "stripe_payments",
        "transactions",
        "vendors",
        "woocommerce_orders",
    )

    assert contracts.names() == sources
    assert {"ops", "sales_daily"} <= set(contracts.all_names()) - set(sources)


def test_transactions_has_rules_of_many_kinds() -> None:
    table = contracts.load("transactions").table

    assert len(table.row_rules) >= 12
    assert all(any(rule.name.endswith(kind) for rule in table.row_rules) for kind in KINDS)
    assert {rule.severity for rule in table.row_rules} == {"error", "warning"}


def test_transactions_has_table_rules_of_many_kinds() -> None:
    rules = contracts.load("transactions").table.table_rules

    blocking = {rule.metric for rule in rules if rule.severity == "error"}
    assert blocking == {"rowCount", "duplicateValues", "nullValues", "sql"}
    assert {rule.metric for rule in rules} == {*blocking, "freshness"}


@pytest.mark.parametrize(
    ("ours", "standards", "refused"),
    [
        (odcs.CustomProperty, standard.CustomProperty, {"vendor"}),
        (odcs.Quality, standard.DataQuality, {"rule"}),
        (odcs.Relationship, standard.Relationship, {"from"}),
        (
            odcs.Property,
            standard.SchemaProperty,
            {"deprecated", "enum", "map", "semanticType", "synonyms"},
        ),
        (odcs.SchemaObject, standard.SchemaObject, {"context", "deprecated", "relationships", "synonyms"}),
        (odcs.SlaProperty, standard.ServiceLevelAgreementProperty, {"authoritativeDefinitions", "customProperties"}),
    ],
)
def test_every_key_is_one_of_the_standard_and_the_others_are_refused_on_purpose(
    ours: type[BaseModel], standards: type[BaseModel], refused: set[str]
) -> None:
    """The package knows a later version: what it adds is refused until Cartlake heeds it."""
    assert keys_of(standards) - keys_of(ours) == refused
    assert keys_of(ours) <= keys_of(standards)
    assert ours.model_config["extra"] == "forbid"


def keys_of(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


@one_per_file
def test_the_models_read_a_contract_as_those_of_the_standard_do(path: Path) -> None:
    content = yaml.safe_load(path.read_text())

    ours = odcs.Document.model_validate(content).model_dump(by_alias=True, mode="json")
    theirs = standard.OpenDataContractStandard.model_validate(content).model_dump(by_alias=True, mode="json")

    assert [*differences(ours, theirs)] == []


def differences(ours: Any, theirs: Any, place: str = "") -> Iterator[str]:
    """Where two readings of a contract say different things; a default of ours may stand where theirs says nothing."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in ours.keys() & theirs.keys():
            yield from differences(ours[key], theirs[key], f"{place}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differences(one, other, f"{place}[{index}]")
    elif theirs is not None and ours != theirs:
        yield f"{place}: {ours!r} is {theirs!r} by the standard's models"


@pytest.mark.parametrize(
    ("table", "rule"), [pytest.param(*pair, id=f"{pair[0].name}-{pair[1].name}") for pair in ROW_RULES]
)
def test_a_row_rule_is_one_boolean_expression_over_columns_of_its_table(table: Table, rule: RowRule) -> None:
    known = {column.name for column in table.columns}

    for dialect in ("spark", "duckdb", "trino"):
        parsed = sqlglot.parse_one(rule.expression, read=dialect)

        assert {column.name for column in parsed.find_all(exp.Column)} <= known
        assert not list(parsed.find_all(exp.Select, exp.Anonymous))
        assert isinstance(parsed, exp.Or | exp.And | exp.Not | exp.Predicate | exp.Is)


@one_per_table
def test_every_measurement_is_sql_that_every_engine_parses(table: Table) -> None:
    for dialect in ("spark", "duckdb", "trino"):
        for measurement in contracts.measurements(table.table_rules, "t", where="d = 1", dialect=dialect):
            parsed = sqlglot.parse_one(measurement.sql, read=dialect)

            assert isinstance(parsed, exp.Select)
            assert tuple(parsed.named_selects) == measurement.rules


@one_per_table
def test_every_column_is_described(table: Table) -> None:
    assert [column.name for column in table.columns if not column.description] == []


@pytest.mark.parametrize("contract", contracts.load_all(), ids=lambda contract: contract.name)
def test_a_contract_names_owner_purpose_and_grain(contract: Contract) -> None:
    assert contract.owner
    assert contract.purpose
    assert contract.limitations
    assert all(table.grain for table in contract.tables)
