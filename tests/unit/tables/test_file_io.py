import boto3
import pytest
from moto import mock_aws
from pyiceberg.io import load_file_io

from cartlake.aws import clients
from cartlake.tables.catalog import PY_IO_IMPL
from cartlake.tables.file_io import FILE_IO, RecentObjects

PLACE = "s3://lake/things/metadata/1.metadata.json"


@pytest.fixture
def io(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        clients.client.cache_clear()
        boto3.client("s3").create_bucket(Bucket="lake")
        yield load_file_io({PY_IO_IMPL: FILE_IO})
    clients.client.cache_clear()


def write(io, content, *, overwrite=False):
    output = io.new_output(PLACE)
    with output.create(overwrite=overwrite) as stream:
        stream.write(content[:2])
        stream.write(content[2:])
    return output


def test_a_file_is_there_once_it_is_closed_and_is_read_whole_or_in_parts(io):
    output = write(io, b"metadata")

    assert len(output) == len(output.to_input_file()) == 8
    with io.new_input(PLACE).open() as stream:
        assert stream.read() == b"metadata"
        stream.seek(4)
        assert stream.read(2) == b"da"


def test_no_file_is_written_over_unless_that_is_meant(io):
    write(io, b"first")

    with pytest.raises(FileExistsError, match="exists already"):
        io.new_output(PLACE).create()
    write(io, b"second", overwrite=True)

    assert io.new_input(PLACE).open().read() == b"second"


def test_what_is_deleted_or_was_never_there_is_a_missing_file(io):
    write(io, b"first")
    assert io.new_input(PLACE).exists()

    io.delete(PLACE)

    assert not io.new_input(PLACE).exists()
    with pytest.raises(FileNotFoundError):
        io.new_input(PLACE).open()
    with pytest.raises(FileNotFoundError):
        len(io.new_input(PLACE))


def test_what_was_read_or_written_once_is_not_fetched_again(io):
    boto3.client("s3").put_object(Bucket="lake", Key="things/metadata/other.avro", Body=b"read")
    other = "s3://lake/things/metadata/other.avro"
    write(io, b"written")
    with io.new_input(other).open() as stream:
        assert stream.read() == b"read"

    for key in ("1.metadata.json", "other.avro"):
        boto3.client("s3").delete_object(Bucket="lake", Key=f"things/metadata/{key}")

    assert io.new_input(PLACE).open().read() == b"written"
    assert io.new_input(other).open().read() == b"read"
    assert not io.new_input(PLACE).exists()  # that is asked, not remembered


def test_the_objects_used_last_are_kept_within_a_number_of_bytes():
    recent = RecentObjects(10)
    for name, content in (("a", b"aaaa"), ("b", b"bbbb")):
        recent.keep(name, content)
    assert recent.get("a") == b"aaaa"

    recent.keep("c", b"cccc")

    assert [recent.get(name) for name in ("a", "b", "c")] == [b"aaaa", None, b"cccc"]
    recent.keep("c", b"c")
    recent.drop("a")
    recent.keep("d", b"ddddddddd")
    assert [recent.get(name) for name in ("c", "d")] == [b"c", b"ddddddddd"]
