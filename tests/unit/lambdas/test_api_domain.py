"""Who a caller is, what parameters may be, and which results may be returned again."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cartlake import contracts
from cartlake.ledger import RunRecord, RunState
from cartlake.queries.named_queries import NamedQuery
from lambdas.api_handler import deployed
from lambdas.api_handler.domain import (
    TableVersion,
    caller_of,
    data_version,
    entity_tag,
    groups_of,
    is_current,
    literals_of,
    page_of,
    principal_of,
    read_cursor,
    reuse_minutes,
    runnable,
    versions_needed,
)
from lambdas.api_handler.problems import Problem
from tests.api import machine, person

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GROUPS = {"analyst": frozenset({"analysts"}), "data_engineer": frozenset({"platform"})}
PRINCIPALS = {"auditor": frozenset({"arn:aws:iam::123456789012:role/machines/audit"})}
QUERY = NamedQuery.read(
    "q", "-- Q: what.\n-- Parameters: day date, least integer = 5, word varchar = a.\nselect ?, ?, ?"
)


def who(authorizer):
    return caller_of({"authorizer": authorizer}, "cognito:groups", GROUPS, PRINCIPALS)


def test_a_person_has_the_roles_of_the_groups_in_the_token():
    assert who(person("analysts", "others")).roles == ("analyst",)
    assert who(person("analysts", "platform")).roles == ("data_engineer", "analyst")


def test_a_person_is_logged_by_a_hash():
    ada, bob = who(person("analysts", subject="ada@example.org")), who(person("analysts", subject="bob"))

    assert len(ada.name) == 16
    assert "ada" not in ada.name
    assert ada.name != bob.name


def test_a_machine_has_the_role_of_its_principal_whatever_the_path_and_session():
    assert who(machine("arn:aws:sts::123456789012:assumed-role/audit/anything")).roles == ("auditor",)


@pytest.mark.parametrize(
    "authorizer",
    [
        {},
        {"jwt": {"claims": {"iss": "i", "sub": "s"}}},
        person(),
        person("analysts2", "nalysts"),
        {"iam": {"userArn": None}},
        machine("arn:aws:sts::999999999999:assumed-role/audit/other-account"),
        machine("arn:aws:iam::123456789012:user/audit"),
        {"jwt": {"claims": {"iss": "i", "sub": "analysts"}}},
    ],
)
def test_who_has_no_role_is_refused(authorizer):
    with pytest.raises(Problem, match="no role") as problem:
        who(authorizer)

    assert problem.value.status == 403


def test_groups_are_read_as_api_gateway_writes_them():
    assert groups_of("[one two]") == {"one", "two"}
    assert groups_of("one") == {"one"}
    assert groups_of("") == groups_of("[]") == set()


def test_a_role_is_the_same_with_its_path_and_in_a_session():
    role = "arn:aws:iam::123456789012:role/job"
    assert principal_of("arn:aws:iam::123456789012:role/a/b/job") == role
    assert principal_of("arn:aws:sts::123456789012:assumed-role/job/session") == role
    assert principal_of("arn:aws:iam::123456789012:root") == "arn:aws:iam::123456789012:root"


def test_parameters_become_literals():
    assert literals_of(QUERY, {"day": "2026-11-01", "word": "it's"}, date(2026, 11, 20)) == [
        "date '2026-11-01'",
        "5",
        "'it''s'",
    ]


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ({}, "body.parameters.day"),
        ({"day": "2026-13-01"}, "body.parameters.day"),
        ({"day": "2026-11-01' or 1=1 --"}, "body.parameters.day"),
        ({"day": "2026-11-01", "least": "1; drop table x"}, "body.parameters.least"),
        ({"day": "2026-11-01", "least": 2**63}, "body.parameters.least"),
        ({"day": "2026-11-01", "least": "9" * 5000}, "body.parameters.least"),
        ({"day": "2026-11-01", "secret_column": "x"}, "body.parameters"),
    ],
)
def test_parameters_that_do_not_fit_are_named_without_their_values(given, at):
    with pytest.raises(Problem) as problem:
        literals_of(QUERY, given, date(2026, 11, 20))

    assert [fault.at for fault in problem.value.faults] == [at]
    said = problem.value.body("r")
    assert not any(str(value) in said for value in given.values() if value != "x")
    assert "secret_column" not in said


def all_tables():
    return [table for contract in contracts.load_all() for table in contract.tables]


def test_an_analyst_runs_queries_of_open_tables_alone():
    names = set(runnable(deployed.named_queries(), deployed.views(), all_tables(), "analyst"))

    assert {"daily_kpis", "conversion_funnel"} <= names
    assert not names & {"late_orders", "quarantine_overview", "cost_by_query", "data_freshness"}


def test_snapshots_decide_what_a_query_of_tables_answers():
    daily = deployed.named_queries()["daily_kpis"]

    needed = versions_needed(daily, deployed.views(), all_tables())
    before, after = ([TableVersion(needed[0], snapshot, NOW)] for snapshot in ("1", "2"))

    assert needed == ["curated.sales_daily"]
    assert data_version(daily, before) != data_version(daily, after)
    assert data_version(daily, before) == data_version(daily, list(before))


@pytest.mark.parametrize("name", ["data_freshness", "cost_by_query"])
def test_what_snapshots_do_not_decide_has_no_version(name):
    query = deployed.named_queries()[name]

    assert versions_needed(query, deployed.views(), all_tables()) is None
    assert data_version(query, None) is None


def test_a_query_that_reads_the_clock_has_no_version():
    clock = NamedQuery.read("clock", "select current_date, count(*) from curated.sales_daily")

    assert versions_needed(clock, {}, all_tables()) is None


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 0), (119, 0), (120, 1), (600, 9), (7 * 3600, 60), (-60, 0)])
def test_no_result_is_as_old_as_the_last_change(seconds, minutes):
    changed = [
        TableVersion("a", "1", NOW - timedelta(days=9)),
        TableVersion("b", "2", NOW - timedelta(seconds=seconds)),
    ]

    assert reuse_minutes(changed, NOW, 60) == minutes


def test_nothing_is_returned_again_where_no_table_says_when_it_changed():
    untold = [TableVersion("a", "1", NOW - timedelta(days=9)), TableVersion("b", "2", None)]

    assert reuse_minutes(None, NOW, 60) == reuse_minutes([], NOW, 60) == reuse_minutes(untold, NOW, 60) == 0


def test_entity_tags_are_compared_weakly():
    tag = entity_tag("analyst", "1")

    assert is_current(tag, f'"other", W/{tag}')
    assert is_current(tag, "*")
    assert not is_current(tag, '"other"')
    assert not is_current(tag, None)
    assert entity_tag("data_engineer", "1") != tag


def run(at, suffix):
    return RunRecord(
        run_id=f"orders-20261120T00000{at}-{suffix}",
        subject="orders",
        state=RunState.RUNNING,
        started_at=f"2026-11-20T00:00:0{at}.000000Z",
    )


def test_pages_have_every_run_once():
    runs = [run(at, suffix) for at in range(5) for suffix in ("aaaaaa", "bbbbbb")]

    seen, cursor = [], None
    while True:
        page, cursor = page_of(runs, 3, read_cursor(cursor) if cursor else None)
        seen += page
        if cursor is None:
            break

    assert [one.run_id for one in seen] == sorted((one.run_id for one in runs), reverse=True)


@pytest.mark.parametrize("cursor", ["x", "eA==", "MjAyNiBh", "é", "bm90IGEgZGF0ZSBhdCBhbGw="])
def test_what_is_no_cursor_is_refused(cursor):
    with pytest.raises(Problem, match="page"):
        read_cursor(cursor)
