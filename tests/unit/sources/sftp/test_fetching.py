"""Which files are taken, what becomes of the others, and what the ledger says of them."""

import pytest

from cartlake.ledger.items.leases import LEASE, SourceBusyError, SyncReplacedError
from cartlake.ledger.sftp import ListedState
from sources.errors import SourceUnavailableError
from sources.sftp.judging import FileLimits
from sources.sftp.model import RemoteFile, UnreadableFileError
from tests.unit.sources.sftp.world import SETTLE, Vendor, unavailable
from tests.unit.sources.world import Killed


def outcomes(result):
    return {one.file: one.outcome for one in result.outcomes}


def why(result, file):
    [found] = [one.why for one in result.outcomes if one.file == file]
    return found


def test_a_file_is_taken_when_two_listings_a_settle_time_apart_show_the_same(vendor):
    vendor.put("a.csv", b"id\n1\n")

    first = vendor.fetch()
    assert (outcomes(first), vendor.landed) == ({"a.csv": "waiting"}, [])
    assert (first.settles_in, why(first, "a.csv")) == (
        60,
        "It may still be written. It is read if it looks the same in 60 s.",
    )
    vendor.tick(30)
    assert outcomes(vendor.fetch()) == {"a.csv": "waiting"}
    vendor.tick(30)
    second = vendor.fetch()

    assert outcomes(second) == {"a.csv": "fetched"}
    assert (second.settles_in, vendor.landed) == (None, [b"id\n1\n"])
    [key] = vendor.objects.objects
    assert key == f"incoming/transactions/sftp/acme/{second.outcomes[0].key.split('/')[-2]}/a.csv"
    assert outcomes(vendor.fetch()) == {"a.csv": "known"}


def test_a_file_that_grows_between_listings_is_not_taken(vendor):
    vendor.begin("a.csv", b"id\n1\n2\n")  # a byte comes with each listing

    for _ in range(3):
        assert outcomes(vendor.fetch_settled()) == {"a.csv": "waiting"}
    vendor.fetch_settled()

    assert vendor.landed == [b"id\n1\n2\n"]


def test_a_file_that_is_written_while_it_is_copied_is_not_shown_and_read_later():
    vendor = Vendor(during=[("put", "a.csv", "", b"more rows")])
    vendor.put("a.csv", b"rows")

    result = vendor.fetch_settled()
    assert (outcomes(result), vendor.landed) == ({"a.csv": "waiting"}, [])
    assert why(result, "a.csv") == "It was written while it was read."
    vendor.tick(SETTLE.total_seconds())

    assert outcomes(vendor.fetch()) == {"a.csv": "fetched"}
    assert vendor.landed == [b"more rows"]


def test_a_file_that_is_renamed_while_it_is_copied_is_read_under_its_new_name():
    vendor = Vendor(during=[("rename", "a.csv", "b.csv", b"")])
    vendor.put("a.csv", b"rows")

    assert why(vendor.fetch_settled(), "a.csv") == "It was renamed or deleted while it was read."
    vendor.fetch_settled()

    assert vendor.landed == [b"rows"]


@pytest.mark.parametrize("name", ["a.csv.part", "a.FILEPART", "a.tmp", ".a.csv", "in/.a.csv", "a.csv~"])
def test_temporary_names_are_never_taken_and_a_rename_to_the_final_one_is_a_new_file(vendor, name):
    vendor.put(name, b"rows")

    assert outcomes(vendor.fetch_settled()) == {name: "waiting"}
    vendor.rename(name, "a.csv")

    assert outcomes(vendor.fetch_settled()) == {"a.csv": "fetched"}


def test_a_file_without_bytes_waits(vendor):
    vendor.put("a.csv", b"")

    assert why(vendor.fetch_settled(), "a.csv") == "It has no bytes yet."


def test_a_file_that_is_renamed_after_it_was_read_is_known(vendor):
    vendor.put("a.csv", b"rows")
    vendor.fetch_settled()
    vendor.rename("a.csv", "done/a.csv")

    result = vendor.fetch_settled()

    assert outcomes(result) == {"done/a.csv": "known"}
    assert why(result, "done/a.csv") == "Its content was read as 'a.csv'."
    assert [one.path for one in vendor.ledger.files("acme").values()] == ["done/a.csv"]
    assert vendor.landed == [b"rows"]


def test_new_content_under_an_old_name_is_a_new_object_and_the_old_content_again_is_known(vendor):
    vendor.put("a.csv", b"monday")
    vendor.fetch_settled()
    vendor.put("a.csv", b"tuesday")
    assert outcomes(vendor.fetch_settled()) == {"a.csv": "fetched"}
    vendor.put("a.csv", b"monday")

    assert outcomes(vendor.fetch_settled()) == {"a.csv": "known"}
    assert sorted(vendor.landed) == [b"monday", b"tuesday"]
    assert {key.rsplit("/", 1)[1] for key in vendor.objects.objects} == {"a.csv"}


def test_two_files_with_one_content_are_one_object(vendor):
    vendor.put("a.csv", b"rows")
    vendor.put("b.csv", b"rows")

    assert outcomes(vendor.fetch_settled()) == {"a.csv": "fetched", "b.csv": "known"}
    assert vendor.landed == [b"rows"]


def test_each_listed_file_is_counted_once_and_older_files_come_first(vendor):
    vendor.put("b.csv", b"older")
    vendor.put("a.csv", b"newer")
    vendor.put("c.csv.part", b"half")
    vendor.put("large.csv", b"x" * 1_000_001)
    vendor.fetch_settled()
    vendor.put("d.csv", b"late")

    result = vendor.fetch()

    assert result.counts.model_dump() == {"listed": 5, "fetched": 0, "known": 2, "waiting": 2, "refused": 1}
    assert vendor.ledger.get("acme").last == result.counts
    assert vendor.landed == [b"older", b"newer"]


def test_a_file_over_the_limit_is_refused_with_the_limit_and_taken_once_it_is_raised(vendor):
    vendor.put("large.csv", b"x" * 2_000_000)

    result = vendor.fetch_settled()
    assert why(result, "large.csv") == (
        "It has 2.0 MB, and sftp.acme.max_mb of the module lake allows 1.0 MB. Raise the limit, or ask the vendor for "
        "smaller files."
    )
    assert vendor.landed == []

    raised = vendor.folder(FileLimits(2_000_000, "a limit"))
    assert outcomes(vendor.fetcher().fetch(raised)) == {"large.csv": "fetched"}


def test_a_refused_file_alarms_for_some_minutes_and_holds_no_other(vendor):
    vendor.put("a.csv", b"rows")
    vendor.put("b.csv", b"other rows")

    def copy(file, *arguments):
        if file.path == "a.csv":
            raise UnreadableFileError("The user may not read it.")
        return Vendor.copy(vendor, file, *arguments)

    vendor.copy = copy
    result = vendor.fetch_settled()
    assert (outcomes(result), result.alarming) == ({"b.csv": "fetched", "a.csv": "refused"}, ("a.csv",))
    vendor.tick(120)
    assert vendor.fetch().alarming == ("a.csv",)
    vendor.tick(600)
    later = vendor.fetch()
    assert (later.alarming, outcomes(later)["a.csv"]) == ((), "refused")
    [noted] = [one for one in vendor.ledger.files("acme").values() if one.path == "a.csv"]
    assert (noted.state, noted.why) == (ListedState.REFUSED, "The user may not read it.")

    del vendor.copy
    assert outcomes(vendor.fetch())["a.csv"] == "fetched"
    [noted] = [one for one in vendor.ledger.files("acme").values() if one.path == "a.csv"]
    assert (noted.state, noted.why, noted.refused_at) == (ListedState.READ, None, None)


def test_what_a_server_refuses_is_refused_without_a_copy(vendor):
    link = RemoteFile("link.csv", b"link.csv", 4, 1, "It is a link.")
    vendor.files = lambda: [link]

    assert why(vendor.fetch_settled(), "link.csv") == "It is a link."


def test_without_time_it_leaves_the_rest_to_the_next_call(vendor):
    vendor.put("a.csv", b"a")
    vendor.put("b.csv", b"b")
    asked = iter([True, True, True, True, False, False])

    first = vendor.fetch_settled(has_time=lambda: next(asked))
    assert (first.done, outcomes(first)) == (False, {"a.csv": "fetched", "b.csv": "waiting"})

    assert (vendor.fetch().done, sorted(vendor.landed)) == (True, [b"a", b"b"])


def test_a_file_that_no_call_has_time_for_is_refused_and_comes_after_the_others(vendor):
    vendor.put("slow.csv", b"slow")
    vendor.put("b.csv", b"b")
    asked = iter([True, False, True, True, True])
    vendor.fetch()
    vendor.tick(60)

    first = vendor.fetch(has_time=lambda: next(asked, False))
    assert outcomes(first) == {"slow.csv": "refused", "b.csv": "fetched"}
    assert "did not come within the time of one call" in why(first, "slow.csv")
    vendor.put("c.csv", b"c")
    assert list(outcomes(vendor.fetch())) == ["b.csv", "c.csv", "slow.csv"]


def test_a_look_says_what_would_be_done_and_writes_nothing(vendor):
    vendor.put("a.csv", b"a")
    before = dict(vendor.table.items)
    first = vendor.fetcher().look(vendor.folder())
    assert (outcomes(first), vendor.table.items) == ({"a.csv": "waiting"}, before)
    vendor.fetch()
    vendor.tick(60)
    before = dict(vendor.table.items)

    second = vendor.fetcher().look(vendor.folder())

    assert (outcomes(second), second.dry_run) == ({"a.csv": "fetched"}, True)
    assert (vendor.landed, vendor.table.items) == ([], before)


def test_a_clock_that_goes_back_begins_the_settle_time_anew(vendor):
    vendor.put("a.csv", b"a")
    vendor.fetch()
    vendor.time -= SETTLE * 10

    assert outcomes(vendor.fetch()) == {"a.csv": "waiting"}
    vendor.tick(60)
    assert outcomes(vendor.fetch()) == {"a.csv": "fetched"}


def test_of_two_readers_one_reads(vendor):
    vendor.ledger.take("acme", "another", vendor.tick())

    with pytest.raises(SourceBusyError, match="Another sync reads server acme"):
        vendor.fetch()


def test_a_long_copy_extends_its_lease_and_one_whose_lease_is_lost_ends(vendor):
    vendor.put("a.csv", b"a")
    vendor.put("b.csv", b"b")
    vendor.fetch()
    vendor.tick(60)

    def copy(file, target, tick):
        vendor.tick(LEASE.total_seconds() - 30)
        tick(0)
        with pytest.raises(SourceBusyError):
            vendor.ledger.take("acme", "another", vendor.tick(LEASE.total_seconds() - 30))
        if file.path == "b.csv":
            vendor.ledger.take("acme", "another", vendor.tick(60))
            vendor.tick(100)
            tick(1)
        return Vendor.copy(vendor, file, target, tick)

    vendor.copy = copy
    with pytest.raises(SyncReplacedError):
        vendor.fetch()
    assert (vendor.landed, vendor.ledger.get("acme").holder) == ([b"a"], "another")


def test_an_error_of_the_server_is_on_record_and_gives_the_lease_back(vendor):
    vendor.files = unavailable

    with pytest.raises(SourceUnavailableError):
        vendor.fetch()
    assert vendor.ledger.get("acme").error == "SourceUnavailableError: out of order"
    del vendor.files
    vendor.fetch()
    assert vendor.ledger.get("acme").error is None


def test_killed_after_the_object_and_before_the_ledger_the_next_read_takes_it_as_it_is(vendor):
    vendor.put("a.csv", b"a")
    vendor.fetch()
    vendor.tick(60)
    create = vendor.objects.create

    def killed(content, body):
        create(content, body)
        raise Killed

    vendor.objects.create = killed
    with pytest.raises(Killed):
        vendor.fetch()
    assert vendor.landed == [b"a"]
    del vendor.objects.create
    vendor.rename("a.csv", "b.csv")
    vendor.tick(LEASE.total_seconds())

    assert outcomes(vendor.fetch_settled()) == {"b.csv": "fetched"}
    assert vendor.landed == [b"a"]


def test_thousands_of_files_are_noted(vendor):
    for number in range(250):
        vendor.put(f"{number}.csv", b"%d" % number)

    assert vendor.fetch_settled().counts.fetched == 250
    for number in range(250):
        vendor.delete(f"{number}.csv")
    assert (vendor.fetch().counts.listed, vendor.ledger.files("acme")) == (0, {})
