import pytest

from cartlake_cli.commands.local.home import FORMAT, check_format, only_one
from cartlake_cli.errors import NotReadyError


def test_a_new_folder_is_marked_with_the_version_and_accepted_again(tmp_path):
    check_format(tmp_path / ".lake")
    check_format(tmp_path / ".lake")

    assert (tmp_path / ".lake" / "format").read_text().strip() == FORMAT


@pytest.mark.parametrize(
    ("file", "content", "version"),
    [
        pytest.param("terraform.tfstate", "{}", "0.1", id="a deployment without a mark is of version 0.1"),
        pytest.param("format", "9.9\n", "9.9", id="a newer version"),
    ],
)
def test_a_lake_of_another_version_is_refused_with_the_way_to_start_anew(tmp_path, file, content, version):
    (tmp_path / file).write_text(content)

    with pytest.raises(NotReadyError, match=rf"of Cartlake {version}.*lake down --wipe"):
        check_format(tmp_path)

    assert (tmp_path / file).read_text() == content


def test_a_command_runs_once_at_a_time_in_a_checkout(tmp_path):
    with only_one(tmp_path, "demo"):
        with (
            pytest.raises(NotReadyError, match="`lake demo` runs in this checkout already"),
            only_one(tmp_path, "demo"),
        ):
            pytest.fail("two at once")
        with only_one(tmp_path, "up"):
            pass

    with only_one(tmp_path, "demo"):
        pass
