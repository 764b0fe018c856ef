"""`make contracts-diff` on a branch, on main, and where Git has nothing to tell."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "contracts-base"
WHO = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]


class Repository:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def git(self, *arguments):
        done = subprocess.run(["git", *WHO, *arguments], cwd=self.folder, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self, text):
        (self.folder / "contracts").mkdir(exist_ok=True)
        (self.folder / "contracts" / "a.yaml").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", text)
        return self.git("rev-parse", "HEAD")

    def base(self, **environment):
        done = subprocess.run([SCRIPT], cwd=self.folder, capture_output=True, text=True, check=False, env=environment)
        return done.returncode, done.stdout.strip(), done.stderr.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    made = Repository(tmp_path / "repository")
    made.git("init", "-q", "-b", "main")
    return made


@pytest.fixture
def path():
    return {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def test_a_branch_is_compared_with_where_it_left_main(repository, path):
    repository.commit("one")
    left = repository.commit("two")
    repository.git("checkout", "-qb", "feature")
    repository.commit("three")
    repository.git("checkout", "-q", "main")
    repository.commit("later on main")
    repository.git("checkout", "-q", "feature")

    assert repository.base(**path) == (0, left, "")


def test_the_remotes_main_counts_before_the_local_one(repository, path, tmp_path):
    first = repository.commit("one")
    clone = Repository(tmp_path / "clone")
    clone.git("clone", "-q", str(repository.folder), ".")
    clone.commit("two, on main but not sent")

    assert clone.base(**path) == (0, first, "")


def test_main_is_compared_with_the_commit_before_unless_contracts_are_edited(repository, path):
    first = repository.commit("one")
    second = repository.commit("two")

    clean = repository.base(**path)
    (repository.folder / "contracts" / "a.yaml").write_text("edited")

    assert clean == (0, first, "")
    assert repository.base(**path) == (0, second, "")


def test_a_base_that_is_named_is_taken_or_refused(repository, path):
    first = repository.commit("one")
    repository.commit("two")
    repository.commit("three")

    assert repository.base(**path, BASE=first)[:2] == (0, first)
    code, shown, said = repository.base(**path, BASE="no-such")
    assert (code, shown) == (1, "")
    assert "Git knows no commit, branch or tag no-such here" in said


def test_where_git_has_nothing_to_tell_nothing_is_printed(repository, path, tmp_path):
    nowhere = Repository(tmp_path / "no-repository")
    empty = repository.base(**path)
    repository.commit("only")
    only = repository.base(**path)
    repository.commit("two")
    shallow = Repository(tmp_path / "shallow")
    shallow.git("clone", "-q", "--depth=1", repository.folder.as_uri(), ".")

    assert [empty, only, shallow.base(**path), nowhere.base(**path)] == [(0, "", "")] * 4
