"""Raw files without one person's rows: every version, with the ledger knowing the new ones as the old ones."""

import gzip
import hashlib
from dataclasses import replace
from types import SimpleNamespace

import pytest

from cartlake import contracts
from cartlake.aws import s3
from cartlake.aws.clients import client
from cartlake.ledger import Content, FileState, ObjectVersion
from cartlake.ledger.erasures import REWRITTEN
from cartlake.runs.documents import FileFormat, Manifest
from cartlake_cli.erasure.raw_files import raw as raw_module
from cartlake_cli.erasure.raw_files.raw import RawZone
from cartlake_cli.erasure.raw_files.records import Columns
from cartlake_cli.erasure.subject import Subject
from lambdas.batch_claimer.domain import manifest_entry

SUBJECT = Subject(frozenset({"CUS-0004242"}))
HEADER = b"review_id,customer_id\n"
OTHERS = b"r1,CUS-0000001\n"
THEIRS = b"r2,CUS-0004242\n"


@pytest.fixture
def zone(lake):
    client("s3").put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    return RawZone(
        "raw", "artifacts", lake.ledger, SUBJECT, {"reviews": Columns(contracts.load("reviews"), ("customer_id",))}
    )


def put(zone, name, content, state=FileState.LOADED, dataset="reviews"):
    """Drop a file, and let the ledger know it in a state."""
    key = f"incoming/{dataset}/{name}"
    put = client("s3").put_object(Bucket="raw", Key=key, Body=content)
    landed = ObjectVersion(
        bucket="raw", key=key, version_id=put["VersionId"], etag=put["ETag"].strip('"'), size=len(content)
    )
    return judge(zone, landed, content, state, dataset)


def judge(zone, landed, content, state=FileState.VALIDATED, dataset="reviews"):
    files, runs = zone.ledger.files, zone.ledger.runs
    file = files.receive(dataset, landed)
    if state is FileState.RECEIVED:
        return file
    if state is FileState.REJECTED:
        return files.rejected(file.file_id, "renamed_columns", "x")
    found = Content(
        sha256=hashlib.sha256(content).hexdigest(),
        contract_version="1.0.0",
        format=FileFormat(kind="csv", header=["review_id", "customer_id"]),
        row_estimate=2,
        expanded_size=len(content),
    )
    file = files.validated(file.file_id, found)
    if state is FileState.LOADED and file.state is FileState.VALIDATED:
        run_id = f"{dataset}-20260301T120000-{file.file_id[:6]}"
        zone.ledger.locks.acquire(dataset, run_id)
        runs.start(run_id)
        runs.claim(run_id, [file])
        runs.loaded(run_id, [file.file_id])
        manifest = Manifest(
            run_id=run_id, dataset=dataset, contract_version="1.0.0", created_at="", files=[manifest_entry(file)]
        )
        s3.write_text(f"s3://artifacts/runs/{run_id}/manifest.json", manifest.model_dump_json())
        zone.ledger.locks.release(dataset, run_id)
    return files.get(file.file_id)


def contents(zone):
    """All versions of all objects, newest first within a key."""
    found = client("s3").list_object_versions(Bucket="raw").get("Versions", [])
    return [
        (
            one["Key"].rpartition("/")[2],
            client("s3").get_object(Bucket="raw", Key=one["Key"], VersionId=one["VersionId"])["Body"].read(),
        )
        for one in found
    ]


def records(zone):
    return {(file.key.rpartition("/")[2], file.state) for file in files(zone)}


def files(zone):
    """All files but the versions that were written in the place of one."""
    return [file for file in zone.ledger.files.list() if file.reason != REWRITTEN]


def events(zone):
    """What the validator does of the events of all versions: late, or again."""
    for one in client("s3").list_object_versions(Bucket="raw").get("Versions", []):
        body = client("s3").get_object(Bucket="raw", Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        landed = ObjectVersion(
            bucket="raw", key=one["Key"], version_id=one["VersionId"], etag=one["ETag"].strip('"'), size=one["Size"]
        )
        judge(zone, landed, body)


def test_a_loaded_file_is_written_anew_and_not_loaded_again(zone):
    old = put(zone, "a.csv", HEADER + OTHERS + THEIRS)
    put(zone, "b.csv", HEADER + OTHERS)
    assert zone.count().as_dict() == {"files": 1, "rows": 1, "deleted_files": 0}
    zone.erase()
    events(zone)

    assert contents(zone) == [("a.csv", HEADER + OTHERS), ("b.csv", HEADER + OTHERS)]
    [new] = [file for file in files(zone) if file.key.endswith("a.csv")]
    kept = {"file_id", "state", "run_id", "received_at", "loads", "key", "contract_version"}
    assert new.model_dump(include=kept) == old.model_dump(include=kept)
    newest = client("s3").head_object(Bucket="raw", Key=new.key)
    assert (new.version_id, new.etag) == (newest["VersionId"], newest["ETag"].strip('"'))
    manifest = s3.read_model(f"s3://artifacts/runs/{old.run_id}/manifest.json", Manifest)
    assert [(one.version_id, one.etag, one.sha256) for one in manifest.files] == [
        (new.version_id, new.etag, new.sha256)
    ]
    assert new.sha256 == hashlib.sha256(HEADER + OTHERS).hexdigest()
    assert (new.size, new.expanded_size, new.row_estimate) == (len(HEADER + OTHERS), len(HEADER + OTHERS), 1)
    assert [one.file_id for one in zone.ledger.runs.files(old.run_id)] == [new.file_id]
    assert not zone.ledger.files.has_pending("reviews")
    # The same file dropped again, as it was and as it is now.
    assert put(zone, "again.csv", HEADER + OTHERS + THEIRS).state is FileState.DUPLICATE
    assert put(zone, "anew.csv", HEADER + OTHERS).state is FileState.DUPLICATE
    assert zone.count().as_dict() == {"files": 1, "rows": 1, "deleted_files": 0}  # again.csv has the person


def test_files_of_every_state_lose_the_person_and_keep_their_state(zone):
    put(zone, "a.csv", HEADER + OTHERS + THEIRS)
    put(zone, "twin.csv", HEADER + OTHERS + THEIRS)
    put(zone, "waits.csv.gz", gzip.compress(HEADER + THEIRS + OTHERS), FileState.VALIDATED)
    put(zone, "refused.csv", b"no header about CUS-0004242\nor more\n", FileState.REJECTED)
    put(zone, "other.csv", b"no header\n", FileState.REJECTED)
    put(zone, "text.txt", b"CUS-0004242", FileState.REJECTED, "_unknown")
    put(zone, "new.csv", HEADER + THEIRS + THEIRS, FileState.RECEIVED)
    before = records(zone)
    assert zone.count().as_dict() == {"files": 6, "rows": 5, "deleted_files": 2}
    zone.erase()
    kept = before - {("refused.csv", FileState.REJECTED), ("text.txt", FileState.REJECTED)}
    assert records(zone) == kept
    assert zone.count().as_dict() == {"files": 0, "rows": 0, "deleted_files": 0}
    [waits] = zone.ledger.files.pending("reviews")
    assert (waits.key.rpartition("/")[2], waits.state) == ("waits.csv.gz", FileState.VALIDATED)
    owner = next(file for file in files(zone) if file.key.endswith("a.csv"))
    twin = next(file for file in files(zone) if file.key.endswith("twin.csv"))
    assert twin.duplicate_of == owner.file_id
    assert b"CUS-0004242" not in b"".join(content for _, content in contents(zone) if not content.startswith(b"\x1f"))
    zone.erase()
    assert records(zone) == kept


def test_a_file_of_a_dataset_without_people_stays_also_if_it_mentions_one(zone):
    put(zone, "p.csv", b"product_id,product_name\nPRD-1,like CUS-0004242\n", dataset="products")
    before = contents(zone)
    assert zone.count().as_dict() == {"files": 0, "rows": 0, "deleted_files": 0}
    zone.erase()
    assert (contents(zone), records(zone)) == (before, {("p.csv", FileState.LOADED)})


def test_versions_of_a_key_keep_their_order(zone):
    put(zone, "a.csv", HEADER + b"r0,CUS-0000000\n")
    put(zone, "a.csv", HEADER + OTHERS + THEIRS)
    put(zone, "a.csv", HEADER + b"r3,CUS-0000003\n")
    zone.erase()
    expected = [HEADER + b"r3,CUS-0000003\n", HEADER + OTHERS, HEADER + b"r0,CUS-0000000\n"]
    assert [content for _, content in contents(zone)] == expected
    assert records(zone) == {("a.csv", FileState.LOADED)}
    assert len(files(zone)) == 3


def test_a_file_of_two_people_who_are_erased_one_after_the_other_stays_one_file(zone):
    put(zone, "a.csv", HEADER + OTHERS + THEIRS)
    put(zone, "twin.csv", HEADER + OTHERS + THEIRS)
    zone.erase()
    before = records(zone)
    replace(zone, subject=Subject(frozenset({"CUS-0000001"}))).erase()
    events(zone)
    assert contents(zone) == [("a.csv", HEADER), ("twin.csv", HEADER)]
    assert records(zone) == before
    newest = {one["VersionId"] for one in client("s3").list_object_versions(Bucket="raw")["Versions"]}
    assert {file.version_id for file in files(zone)} == newest
    assert not zone.ledger.files.has_pending("reviews")


class Killed(BaseException):
    """The process ends."""


@pytest.mark.parametrize("late_events", [False, True])
@pytest.mark.parametrize("step", range(1, 6))
def test_an_erasure_that_is_killed_anywhere_is_finished_by_the_next(zone, monkeypatch, step, late_events):
    put(zone, "a.csv", HEADER + OTHERS + THEIRS)
    put(zone, "a.csv", HEADER + b"r3,CUS-0000003\n")
    calls = SimpleNamespace(left=step)

    def counted(work):
        def call(*args, **kwargs):
            calls.left -= 1
            if not calls.left:
                raise Killed
            return work(*args, **kwargs)

        return call

    with monkeypatch.context() as patched:
        patched.setattr(raw_module, "delete_versions", counted(raw_module.delete_versions))
        patched.setattr(RawZone, "_put", counted(RawZone._put))
        patched.setattr(
            type(zone.ledger.erasures), "replace_object", counted(type(zone.ledger.erasures).replace_object)
        )
        with pytest.raises(Killed):
            zone.erase()
    if late_events:
        events(zone)
    zone.erase()
    assert [content for _, content in contents(zone)] == [HEADER + b"r3,CUS-0000003\n", HEADER + OTHERS]
    assert records(zone) == {("a.csv", FileState.LOADED)}
    assert len(files(zone)) == 2
    newest = {one["VersionId"] for one in client("s3").list_object_versions(Bucket="raw")["Versions"]}
    assert {file.version_id for file in files(zone)} == newest
    assert not zone.ledger.files.has_pending("reviews")
