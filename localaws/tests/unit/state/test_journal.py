"""The log: what was appended is read again in order, but for a line that a kill cut off."""

import errno
import os

import pytest

from localaws.state import journal
from localaws.state.journal import Journal


def read(directory):
    return list(Journal(directory).read())


def files(directory):
    return sorted(path.name for path in directory.iterdir())


def test_batches_are_read_in_the_order_they_were_appended(tmp_path):
    log = Journal(tmp_path)
    log.append(b'["first"]')
    log.rotate()
    log.append(b'["second"]')
    log.append(b'["third"]')

    assert read(tmp_path) == [b'["first"]', b'["second"]', b'["third"]']


@pytest.mark.parametrize("cut", range(1, 21))
def test_a_line_cut_off_anywhere_is_ignored_and_all_before_it_are_read(tmp_path, cut):
    log = Journal(tmp_path)
    log.append(b'["kept"]')
    log.append(b'["cut off"]')  # 21 bytes with checksum and line break
    (path,) = tmp_path.iterdir()
    os.truncate(path, path.stat().st_size - cut)

    assert read(tmp_path) == [b'["kept"]']


def test_what_is_written_after_a_restart_is_read_behind_a_line_that_was_cut_off(tmp_path):
    log = Journal(tmp_path)
    log.append(b"[1]")
    log.append(b"[2]")
    (path,) = tmp_path.iterdir()
    os.truncate(path, path.stat().st_size - 2)
    again = Journal(tmp_path)
    again.rotate()
    again.append(b"[3]")

    assert read(tmp_path) == [b"[1]", b"[3]"]


def test_a_line_with_a_changed_byte_is_not_read(tmp_path):
    log = Journal(tmp_path)
    log.append(b"[1]")
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes().replace(b"[1]", b"[7]"))

    assert read(tmp_path) == []


def test_a_cut_deletes_what_came_before_it_and_nothing_else(tmp_path):
    log = Journal(tmp_path)
    log.append(b"[1]")
    number = log.rotate()
    log.append(b"[2]")
    log.drop_before(number)

    assert read(tmp_path) == [b"[2]"]
    assert files(tmp_path) == ["0000000001.log"]


def test_a_failed_write_leaves_no_half_line(tmp_path, monkeypatch):
    log = Journal(tmp_path)
    log.append(b"[1]")
    write = os.write

    def half(file, content):
        if len(content) < 8:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, content[:6])

    with monkeypatch.context() as patch:
        patch.setattr(journal.os, "write", half)
        with pytest.raises(OSError, match="No space left"):
            log.append(b"[2]")
    log.append(b"[3]")

    assert read(tmp_path) == [b"[1]", b"[3]"]


def test_a_log_that_was_never_written_is_empty(tmp_path):
    assert read(tmp_path / "none") == []
