"""What counts as breaking, for whom, and what the version has to say."""

from dataclasses import replace

import pytest

from cartlake import contracts
from cartlake.contracts.model import SortField
from cartlake_cli.contracts.changes import compare, version_faults, widens


@pytest.fixture
def transactions():
    return contracts.load("transactions")


@pytest.fixture
def sales():
    return contracts.load("sales_daily")


def with_columns(contract, edit):
    table = contract.table
    columns = tuple(new for column in table.columns if (new := edit(column)) is not None)
    return replace(contract, tables=(replace(table, columns=columns),))


def changed(contract, name, **attributes):
    return with_columns(contract, lambda column: replace(column, **attributes) if column.name == name else column)


def called(contract, old, new, **attributes):
    return with_columns(contract, lambda one: replace(one, name=new, **attributes) if one.name == old else one)


def breaks(before, after):
    return {change.place: change.breaks for change in compare([before], [after])}


def test_the_same_contracts_have_not_changed():
    assert compare(contracts.load_all(), contracts.load_all()) == []


def test_a_column_that_is_gone_breaks_readers_and_those_who_send_it(transactions, sales):
    gone = with_columns(transactions, lambda column: None if column.name == "channel" else column)

    assert breaks(transactions, gone) == {"transactions.channel": "readers and senders"}
    assert breaks(sales, with_columns(sales, lambda column: None if column.name == "units" else column)) == {
        "sales_daily.units": "readers"
    }


def test_a_new_column_breaks_senders_only_if_they_must_send_it(transactions):
    new = replace(transactions.table.column("channel"), name="shop", required=False)
    optional = replace(transactions, tables=(replace(transactions.table, columns=(*transactions.table.columns, new)),))

    assert breaks(transactions, optional) == {"transactions.shop": None}
    assert breaks(transactions, changed(optional, "shop", required=True)) == {"transactions.shop": "senders"}


def test_required_and_optional_break_one_side_each(transactions):
    optional = changed(transactions, "channel", required=False)

    assert breaks(transactions, optional) == {"transactions.channel": "readers"}
    assert breaks(optional, transactions) == {"transactions.channel": "senders"}


@pytest.mark.parametrize(
    ("old", "new", "wider"),
    [
        ("int", "bigint", True),
        ("bigint", "int", False),
        ("float", "double", True),
        ("decimal(12,2)", "decimal(18,2)", True),
        ("decimal(12,2)", "decimal(18,4)", False),
        ("decimal(12,2)", "double", False),
        ("string", "date", False),
    ],
)
def test_only_wider_types_hold_all_old_values(old, new, wider):
    assert widens(old, new) is wider


def test_a_type_that_is_no_wider_breaks_readers(transactions):
    assert breaks(transactions, changed(transactions, "quantity", type="bigint")) == {"transactions.quantity": None}
    assert breaks(transactions, changed(transactions, "quantity", type="string")) == {
        "transactions.quantity": "readers"
    }


def test_key_grain_name_and_layout(transactions):
    table = transactions.table
    other = replace(table, primary_key=("order_id",), grain="One row per order.", partitioning=())
    found = compare([transactions], [replace(transactions, tables=(other,))])

    assert [change.breaks for change in found] == ["readers and senders", "readers", None]
    assert "primary key (order_id) instead of (order_id, line_number)" in found[0].change


def test_a_stricter_rule_breaks_senders_unless_it_is_a_warning(transactions, sales):
    table = transactions.table
    first, *others = table.row_rules
    without = replace(transactions, tables=(replace(table, row_rules=tuple(others)),))
    warning = replace(transactions, tables=(replace(table, row_rules=(replace(first, severity="warning"), *others)),))

    assert breaks(without, transactions) == {f"transactions.{first.name}": "senders"}
    assert breaks(transactions, without) == {f"transactions.{first.name}": None}
    assert breaks(transactions, warning) == {f"transactions.{first.name}": None}


def test_contracts_come_and_go(transactions, sales):
    assert [change.breaks for change in compare([transactions], [sales])] == [None, "readers and senders"]


def test_a_breaking_change_needs_a_higher_major_and_any_other_a_higher_version(transactions):
    broken = changed(transactions, "quantity", type="string")
    wider = changed(transactions, "quantity", type="bigint")
    major = f"{transactions.major + 1}.0.0"
    first, *rest = transactions.version.split(".")
    minor = ".".join([first, str(int(rest[0]) + 1), "0"])

    def faults(after):
        changes = compare([transactions], [after])
        return [fault.needed for fault in version_faults([transactions], [after], changes)]

    assert faults(broken) == ["major"]
    assert faults(replace(broken, version=minor)) == ["major"]
    assert faults(replace(broken, version=major)) == []
    assert faults(wider) == ["any"]
    assert faults(replace(wider, version=minor)) == []


def test_a_renamed_column_is_one_change_and_breaks_readers_and_senders(transactions, sales):
    renamed = called(transactions, "channel", "shop", renamed_from=("outlet", "channel"))
    [change] = [one for one in compare([transactions], [renamed]) if not one.place.startswith("transactions.channel_")]

    assert (change.place, change.change, change.breaks) == (
        "transactions.channel",
        "renamed to shop",
        "readers and senders",
    )
    [mart] = compare([sales], [called(sales, "units", "pieces", renamed_from=("units",))])
    assert (mart.change, mart.breaks) == ("renamed to pieces", "readers")


def test_what_changes_with_a_rename_is_told_as_well(sales):
    renamed = called(sales, "units", "pieces", renamed_from=("units",), type="string")

    assert [(one.change, one.breaks) for one in compare([sales], [renamed])] == [
        ("renamed to pieces", "readers"),
        ("string instead of bigint", "readers"),
    ]


def test_the_order_of_columns_and_of_rows_breaks_no_reader(sales):
    table = replace(sales.table, columns=sales.table.columns[::-1], sort_order=(SortField("channel", "desc", "last"),))
    other = replace(sales, tables=(table,))

    assert [(one.change, one.breaks) for one in compare([sales], [other])] == [
        ("sorted by channel desc nulls last instead of nothing", None),
        ("columns in another order", None),
    ]


def test_whether_event_times_change_is_a_change_that_breaks_nobody(transactions):
    fixed = replace(transactions, tables=(replace(transactions.table, event_time_fixed=True),))

    [said], [taken_back] = compare([transactions], [fixed]), compare([fixed], [transactions])

    assert (said.change, said.breaks) == ("the event time of a key never changes from now on", None)
    assert (taken_back.change, taken_back.breaks) == ("the event time of a key may change from now on", None)
