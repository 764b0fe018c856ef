"""The steps of an erasure: nothing is done twice or by half, whatever ends it in the middle."""

import json
from types import SimpleNamespace

import boto3
import pytest

from cartlake.erasure.tombstones import read_tombstones
from cartlake.runs.ids import ALL_DATASETS
from cartlake_cli.erasure import forget
from cartlake_cli.erasure.copies import Scanned
from cartlake_cli.erasure.documents import saved_subject
from cartlake_cli.erasure.forget import Forgetting
from cartlake_cli.erasure.places import Place
from cartlake_cli.erasure.subject import Subject
from cartlake_cli.errors import CommandError, NotFoundError

CUSTOMER = "CUS-0004242"
IDS = frozenset({CUSTOMER, "CUS-0000007", "GLD-0000007"})
RUN = "transactions-20260301T120000-aaaaaa"


class Killed(BaseException):
    """The process ends."""


@pytest.fixture
def world(lake, monkeypatch, others):
    """A lake with three places. `killed_at` names the place in which the process ends."""
    lake.outputs.buckets = {"artifacts": "artifacts", "raw": "raw"}
    world = SimpleNamespace(lake=lake, rows={"raw files": 3, "a": 2, "b": 0}, erased=[], killed_at=None, stones=[])

    class Places:
        tables, columns = {}, {}

        def __init__(self, _lake):
            pass

        def stored(self, _name):
            return None

        def of(self, subject, run_id):
            assert subject.ids == IDS
            assert all(lake.ledger.locks.get(one).run_id == run_id for one in ("transactions", *ALL_DATASETS))
            for name in list(world.rows):
                yield Place(name, lambda name=name: {"rows": world.rows[name]}, lambda name=name: erase(name))

    def erase(name):
        world.stones.append(read_tombstones("artifacts").has("CUS-0000007"))
        world.rows[name] = 0
        if world.killed_at == name:
            raise Killed
        world.erased.append(name)

    monkeypatch.setattr(forget, "Places", Places)
    monkeypatch.setattr(forget, "find_subject", lambda *_: Subject(IDS, frozenset({"ada@example.org"})))
    monkeypatch.setattr(forget, "kept_copies", lambda _: [])
    monkeypatch.setattr(forget, "scan", lambda buckets, _: Scanned(len(buckets), []))
    return world


def run(world, **options):
    return Forgetting(world.lake, CUSTOMER).run(**options)


def locks(world):
    return [one for one in Forgetting(world.lake, CUSTOMER)._subjects() if world.lake.ledger.locks.get(one)]


def objects():
    pages = boto3.client("s3").list_objects_v2(Bucket="artifacts").get("Contents", [])
    return {
        one["Key"]: boto3.client("s3").get_object(Bucket="artifacts", Key=one["Key"])["Body"].read().decode()
        for one in pages
    }


def test_all_places_are_erased_after_tombstones_are_set_and_nothing_names_the_person_afterwards(world):
    report = run(world)
    assert world.erased == ["raw files", "a", "b"]
    assert world.stones == [True] * 3
    assert report.counts == {"raw files": {"rows": 3}, "a": {"rows": 2}, "b": {"rows": 0}}
    assert (report.records, report.left, report.scanned_objects) == (3, 0, 2)
    assert locks(world) == []
    [erasure] = world.lake.ledger.erasures.all()
    assert not erasure.is_open
    stored = objects()
    assert json.loads(stored[erasure.report_uri.removeprefix("s3://artifacts/")]) == report.model_dump(mode="json")
    kept = [*stored.values(), *stored, report.model_dump_json(), str(list(world.lake.ledger.erasures._table.scan()))]
    assert not any(word in text for text in kept for word in (*IDS, "ada@example.org"))


@pytest.mark.parametrize("place", ["raw files", "a", "b"])
def test_one_that_was_killed_goes_on_where_it_was(world, place):
    world.killed_at = place
    with pytest.raises(Killed):
        run(world)
    assert len(locks(world)) == len(Forgetting(world.lake, CUSTOMER)._subjects())
    [begun] = world.lake.ledger.erasures.all()
    done = list(world.erased)
    world.killed_at = None
    report = run(world)
    assert world.erased == ["raw files", "a", "b"]
    assert world.erased[: len(done)] == done
    assert report.counts == {"raw files": {"rows": 3}, "a": {"rows": 2}, "b": {"rows": 0}}
    [ended] = world.lake.ledger.erasures.all()
    assert (ended.run_id, ended.is_open, locks(world)) == (begun.run_id, False, [])


def test_one_that_was_killed_while_it_counted_holds_nothing(world, monkeypatch):
    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(forget, "find_subject", killed)
        with pytest.raises(Killed):
            run(world)
    assert (locks(world), world.erased) == ([], [])
    run(world)
    assert world.erased == ["raw files", "a", "b"]


def test_another_person_waits_for_one_that_was_interrupted(world):
    world.killed_at = "a"
    with pytest.raises(Killed):
        run(world)
    with pytest.raises(CommandError, match="of another person is at work, or was interrupted"):
        Forgetting(world.lake, "CUS-0000001").run()
    assert len(locks(world)) == len(Forgetting(world.lake, CUSTOMER)._subjects())


@pytest.mark.parametrize("subject", ["transactions", *ALL_DATASETS])
def test_while_a_run_is_at_work_nothing_is_changed(world, subject):
    running = f"{subject}-20260301T120000-aaaaaa"
    world.lake.ledger.locks.acquire(subject, running)
    with pytest.raises(CommandError, match=f"Run {running} of {subject} is at work.*--wait MINUTES"):
        run(world)
    assert (world.erased, locks(world)) == ([], [subject])
    assert world.lake.ledger.locks.get(subject).run_id == running
    assert read_tombstones("artifacts").stones == []
    assert all(not one.is_open for one in world.lake.ledger.erasures.all())


def test_it_waits_for_a_run_that_ends(world, monkeypatch):
    world.lake.ledger.locks.acquire("transactions", RUN)
    ended = SimpleNamespace(sleep=lambda _: world.lake.ledger.locks.release("transactions", RUN), monotonic=lambda: 0.0)
    monkeypatch.setattr(forget, "time", ended)
    run(world, wait_seconds=60)
    assert world.erased == ["raw files", "a", "b"]


def test_an_unknown_customer_is_named_and_one_who_was_erased_before_is_told_apart(world):
    world.rows = dict.fromkeys(world.rows, 0)
    with pytest.raises(NotFoundError, match=f"has a row of customer '{CUSTOMER}'. Nothing was changed"):
        run(world)
    assert (locks(world), read_tombstones("artifacts").stones) == ([], [])
    world.rows["a"] = 1
    run(world)
    with pytest.raises(NotFoundError, match="was erased before, and nothing of them came since"):
        run(world)
    world.rows["raw files"] = 1
    assert run(world).counts["raw files"] == {"rows": 1}
    assert saved_subject("artifacts", world.lake.ledger.erasures.all()[0].erasure_id) is None


def test_a_dry_run_takes_no_lock_and_writes_nothing(world, monkeypatch):
    places = [Place("raw files", lambda: {"rows": 3}, lambda: pytest.fail("it erases"))]
    monkeypatch.setattr(forget.Places, "of", lambda *_: iter(places))
    report = Forgetting(world.lake, CUSTOMER).dry_run()
    assert (report.dry_run, report.counts, report.records) == (True, {"raw files": {"rows": 3}}, 3)
    assert (objects(), world.lake.ledger.erasures.all(), locks(world)) == ({}, [], [])
