"""What DuckDB writes to Iceberg tables and reads from them, through PyIceberg's metadata, against the embedded AWS."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pyiceberg.exceptions import ValidationException
from pyiceberg.expressions import And, EqualTo, GreaterThanOrEqual, LessThan
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import parse_transform
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    TimestamptzType,
)

from cartlake import contracts
from cartlake.aws.clients import client
from cartlake.tables.catalog import load_catalog
from glue_jobs.engines.duckdb import lake_tables, merging
from glue_jobs.engines.duckdb.engine import DuckDBEngine
from glue_jobs.engines.duckdb.iceberg.commits import Change, commit, drop_branch
from glue_jobs.engines.duckdb.iceberg.conditions import on_days
from glue_jobs.engines.duckdb.iceberg.files import TableFiles
from glue_jobs.engines.duckdb.iceberg.tables import FILE, POSITION, scan
from glue_jobs.engines.duckdb.lake_tables import LakeTables
from glue_jobs.engines.duckdb.session import open_session

SCHEMA = Schema(
    NestedField(1, "id", LongType(), required=True),
    NestedField(2, "name", StringType()),
    NestedField(3, "amount", DecimalType(18, 2)),
    NestedField(4, "moment", TimestamptzType()),
    NestedField(5, "day", DateType()),
    NestedField(6, "flag", BooleanType()),
    NestedField(7, "ratio", DoubleType()),
    NestedField(8, "tags", ListType(20, StringType(), element_required=False)),
    NestedField(9, "number", IntegerType()),
    identifier_field_ids=[1],
)
NOON = datetime(2026, 2, 27, 12, tzinfo=UTC)
TYPES = (
    "id bigint, name varchar, amount decimal(18,2), moment timestamptz, day date, flag boolean, ratio double, "
    "tags varchar[], number int"
)


def row(number, /, **changes):
    usual = {
        "id": number,
        "name": f"n{number}",
        "amount": Decimal(number),
        "moment": NOON + timedelta(days=number),
        "day": NOON.date() + timedelta(days=number),
        "flag": number % 2 == 0,
        "ratio": number / 3,
        "tags": ["a", None],
        "number": number,
    }
    return usual | changes


@pytest.fixture
def glue(localaws, monkeypatch):
    """The Glue catalog of the embedded AWS, and a bucket `tables`."""
    for name, value in localaws.env.items():
        monkeypatch.setenv(name, value)
    client.cache_clear()
    client("s3").create_bucket(Bucket="tables")
    yield load_catalog()
    client.cache_clear()


@pytest.fixture
def session(glue):
    with open_session() as opened:
        yield opened


@pytest.fixture
def make(glue, name):
    """Make a table partitioned by `column: transform`, and return it."""
    glue.create_namespace(name, {"location": f"s3://tables/{name}"})

    def table(sort_order=None, **partitions):
        fields = [
            PartitionField(
                SCHEMA.find_field(column).field_id, 1000 + place, parse_transform(transform), f"{column}_part"
            )
            for place, (column, transform) in enumerate(partitions.items())
        ]
        return glue.create_table((name, "rows"), SCHEMA, partition_spec=PartitionSpec(*fields))

    return table


def write(session, table, *rows, **where):
    """Append rows in one commit; returns its snapshot."""
    files = TableFiles(session, table).write_rows(relation(session, *rows))
    return commit(table, Change(added=files), "run-1", **where)


def relation(session, *rows):
    session.execute(f"create or replace table given ({TYPES})")
    for one in rows:
        session.execute("insert into given values (?, ?, ?, ?, ?, ?, ?, ?, ?)", list(one.values()))
    return "select * from given"


def delete(session, table, condition, **where):
    """Delete rows by their positions, and add none."""
    held = scan(table, table.current_snapshot().snapshot_id)
    session.execute(
        f"create or replace table places as select {FILE} as file_path, {POSITION} as pos "
        f"from ({held.sql(positions=True)}) where {condition}"
    )
    return Change(
        deletes=TableFiles(session, table).write_deletes("places", {file.file_path: file for file in held.files}),
        deleted_from=frozenset(one for (one,) in session.rows("select distinct file_path from places")),
    )


def ids(session, table, branch="main"):
    return sorted(one for (one,) in session.rows(f"select id from ({scan(table, head(table, branch)).sql()})"))


def head(table, branch="main"):
    return table.refresh().metadata.refs[branch].snapshot_id


def read(table, **options):
    return sorted(table.refresh().scan(**options).to_arrow().to_pylist(), key=lambda one: one["id"])


EDGES = [
    row(1),
    dict.fromkeys(row(2)) | {"id": 2},
    row(
        3,
        name="",
        amount=Decimal("-9999999999999999.99"),
        moment=datetime(1, 1, 1, tzinfo=UTC),
        day=date(1, 1, 1),
        tags=[],
    ),
    row(4, name="z" * 40, moment=datetime(9999, 12, 31, 23, 59, 59, 999999, UTC), day=date(9999, 12, 31), tags=None),
    row(5, name="\U0010ffff" * 20, ratio=float("inf"), number=-(2**31)),
    row(6, name="a/b c%=é'\"", ratio=-0.0, number=2**31 - 1),
]


@pytest.mark.parametrize(
    "partitions",
    [
        {},
        {"moment": "day"},
        {"moment": "month"},
        {"day": "day"},
        {"day": "year"},
        {"moment": "hour"},
        {"name": "identity"},
        {"name": "identity", "moment": "year"},
        {"flag": "identity", "number": "identity", "day": "identity"},
    ],
    ids=str,
)
def test_all_values_are_read_back_by_others_and_by_duckdb_whatever_the_partitions(session, make, partitions):
    table = make(**partitions)

    write(session, table, *EDGES)

    assert read(table) == EDGES
    found = session.rows(f"select * from ({scan(table, head(table)).sql()}) order by id")
    assert [dict(zip(EDGES[0], one, strict=True)) for one in found] == EDGES


@pytest.mark.parametrize("number", range(1, 7))
def test_bounds_and_partitions_let_others_find_each_row(session, make, number):
    table = make(moment="month")
    for one in EDGES:
        write(session, table, one)
    wanted = EDGES[number - 1]
    filters = [EqualTo("id", number)]
    if wanted["name"]:
        filters.append(EqualTo("name", wanted["name"]))
    if wanted["moment"] and wanted["moment"].year > 1:  # pyiceberg has no month before the first
        filters.append(And(GreaterThanOrEqual("moment", wanted["moment"].isoformat()), EqualTo("id", number)))

    for condition in filters:
        assert [one["id"] for one in read(table, row_filter=condition)] == [number]
        assert number in [
            one for (one,) in session.rows(f"select id from ({scan(table, head(table), condition).sql()})")
        ]
    assert len(scan(table, head(table), EqualTo("id", number)).files) == 1  # the others are left out by their bounds


def test_days_leave_out_files_by_partition(session, make):
    table = make(moment="day")
    write(session, table, *(row(number) for number in range(5)))
    day = And(
        GreaterThanOrEqual("moment", "2026-02-28T00:00:00+00:00"), LessThan("moment", "2026-03-01T00:00:00+00:00")
    )

    assert len(scan(table, head(table)).files) == 5
    assert len(scan(table, head(table), day).files) == 1


def test_a_column_that_the_query_lacks_is_null(session, make):
    table = make()

    commit(table, Change(added=TableFiles(session, table).write_rows("select 7::bigint as id, 'x' as name")), "run-1")

    assert read(table) == [dict.fromkeys(row(7)) | {"id": 7, "name": "x"}]


def test_files_of_earlier_schemas_are_read_by_field_id(session, make):
    table = make()
    write(session, table, row(1))
    with table.update_schema() as update:
        update.rename_column("name", "title")
    with table.update_schema() as update:
        update.add_column("name", StringType())
        update.update_column("number", LongType())
        update.update_column("amount", DecimalType(20, 2))
        update.delete_column("flag")

    [found] = session.rows(
        f"select title, name, number, amount, typeof(number) from ({scan(table, head(table)).sql()})"
    )

    assert found == ("n1", None, 1, Decimal(1), "BIGINT")


def test_deleted_rows_are_gone_for_everyone_and_places_stay_right(session, make, localaws):
    table = make(moment="day")
    write(session, table, *(row(number, moment=NOON) for number in range(10)))
    write(session, table, row(10), row(11))
    commit(table, delete(session, table, "id in (3, 4, 10)"), "run-2")
    commit(table, delete(session, table, "id = 5"), "run-3")  # its place counts the rows that were deleted before

    left = [0, 1, 2, 6, 7, 8, 9, 11]
    assert ids(session, table) == left
    assert [one["id"] for one in read(table)] == left
    last = table.current_snapshot().summary
    assert (last.operation.value, last["added-position-deletes"], last["total-position-deletes"]) == (
        "delete",
        "1",
        "4",
    )
    assert last["cartlake.run-id"] == "run-3"


def test_a_change_deletes_and_adds_in_one_snapshot(session, make):
    table = make(moment="day")
    write(session, table, row(1), row(2))
    removal = delete(session, table, "id = 1")
    added = TableFiles(session, table).write_rows(relation(session, row(1, name="new")))

    commit(table, Change(added=added, deletes=removal.deletes, deleted_from=removal.deleted_from), "run-2")

    assert [one["name"] for one in read(table)] == ["new", "n2"]
    assert table.current_snapshot().summary.operation.value == "overwrite"
    assert len(table.snapshots()) == 2


def test_whole_files_leave_and_those_beside_them_in_a_manifest_stay(session, make):
    table = make(moment="day")
    write(session, table, *(row(number) for number in range(4)))
    files = scan(table, head(table)).files
    going = [file for file in files if file.partition[0] in (20512, 20513)]
    added = TableFiles(session, table).write_rows(relation(session, row(9, moment=NOON)))

    commit(table, Change(added=added, removed=going), "run-2")

    assert len(going) == 2
    assert len(ids(session, table)) == 3
    assert [one["id"] for one in read(table)] == ids(session, table)
    total = table.current_snapshot().summary
    assert (total["total-records"], total["total-data-files"]) == ("3", "3")


def test_a_branch_begins_where_it_is_told_and_main_does_not_move(session, make):
    table = make(moment="day")
    write(session, table, row(1), branch="audit_a")  # the first snapshot of all
    assert "main" not in table.refresh().metadata.refs
    drop_branch(table, "audit_a")
    base = write(session, table, row(2))

    write(session, table, row(3), branch="audit_b", base=base)
    write(session, table, row(4), branch="audit_b", base=base)

    assert ids(session, table, "audit_b") == [2, 3, 4]
    assert ids(session, table) == [2]


def test_appends_of_others_meanwhile_are_no_conflict(session, make, glue):
    mine = make(moment="day")
    theirs = glue.load_table(mine.name())
    write(session, theirs, row(1))

    write(session, mine, row(2))

    assert ids(session, mine) == [1, 2]


def test_rows_whose_file_was_rewritten_meanwhile_are_not_deleted_in_the_old_one(session, make, glue):
    mine = make()
    write(session, mine, row(1), row(2))
    change = delete(session, mine, "id = 1")
    theirs = glue.load_table(mine.name())
    rewritten = TableFiles(session, theirs).write_rows(relation(session, row(1), row(2)))
    commit(theirs, Change(added=rewritten, removed=list(scan(theirs, head(theirs)).files)), "maintenance")

    with pytest.raises(ValidationException, match="missing data files"):
        commit(mine, change, "run-2")
    assert ids(session, mine) == [1, 2]


def test_a_commit_whose_answer_is_lost_is_found_and_not_made_twice(session, make, glue, monkeypatch):
    table = make()
    original = type(glue)._update_glue_table

    def and_lose_the_answer(self, *arguments, **named):
        original(self, *arguments, **named)
        raise ConnectionError("the answer never came")

    monkeypatch.setattr(type(glue), "_update_glue_table", and_lose_the_answer)

    snapshot = write(session, table, row(1))

    assert head(table) == snapshot
    assert ids(session, table) == [1]


def test_a_commit_that_was_not_made_fails(session, make, glue, monkeypatch):
    table = make()

    def fail(*_arguments, **_named):
        raise ConnectionError("no connection")

    monkeypatch.setattr(type(glue), "_update_glue_table", fail)

    with pytest.raises(ConnectionError):
        write(session, table, row(1))
    assert table.refresh().metadata.refs == {}


def test_metadata_stays_small_however_many_commits_there_are(session, make):
    """Manifests are merged, as Iceberg itself does from 100 on."""
    table = make()
    with table.transaction() as changed:
        changed.set_properties({"commit.manifest.min-count-to-merge": "5"})

    for number in range(12):
        write(session, table, row(number))

    assert ids(session, table) == list(range(12))
    assert len(table.current_snapshot().manifests(table.io)) <= 5


@pytest.mark.parametrize("when", ["before the files are written", "before the commit"])
def test_rows_are_replaced_once_though_another_writer_rewrites_their_file_meanwhile(
    session, make, glue, monkeypatch, when
):
    mine = make()
    write(session, mine, row(1), row(2))
    rows = relation(session, row(1, name="new")).removeprefix("select * from ")
    session.execute(f"create table wanted as from {rows}")
    module, name = (merging, "at_places") if when == "before the files are written" else (lake_tables, "commit")
    original, rewritten = getattr(module, name), []

    def after_the_other_writer(*arguments):
        if not rewritten:
            theirs = glue.load_table(mine.name())
            rewritten.extend(TableFiles(session, theirs).write_rows(relation(session, row(1), row(2))))
            commit(theirs, Change(added=rewritten, removed=list(scan(theirs, head(theirs)).files)), "maintenance")
        return original(*arguments)

    monkeypatch.setattr(module, name, after_the_other_writer)

    engine = DuckDBEngine(session, LakeTables(session, glue, "run-2"))
    engine.replace_rows(".".join(("lake", *mine.name())), "id = 1", "wanted")

    assert [(one["id"], one["name"]) for one in read(mine)] == [(1, "new"), (2, "n2")]


def test_no_days_need_no_files(session, make):
    table = make(moment="day")
    write(session, table, row(1))
    of_moments = replace(contracts.load("transactions").table, event_time="ordered_at")

    assert scan(table, head(table), on_days(of_moments, [])).files == []
    assert len(scan(table, head(table), on_days(of_moments, None)).files) == 1
