"""What GitHub runs: steps are scripts of the repository, actions are pinned, rights are least."""

import re
import subprocess

import pytest
import yaml

from tests.contract.python_files import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = sorted((ROOT / ".github" / "scripts").iterdir())


def read(path):
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
class TestWorkflows:
    def test_every_action_is_pinned_by_its_commit_and_names_its_version(self, path):
        used = re.findall(r"uses: (\S+)(.*)", path.read_text())

        unpinned = [name for name, note in used if not name.startswith("./") and not is_pinned(name, note)]
        assert unpinned == []

    def test_rights_are_given_job_by_job(self, path):
        rights = read(path)["permissions"]

        assert rights == {} or set(rights.items()) <= {("contents", "read")}

    def test_no_job_runs_for_ever(self, path):
        jobs = read(path)["jobs"].values()

        assert [job for job in jobs if "uses" not in job and not job.get("timeout-minutes")] == []

    def test_every_script_and_target_it_runs_is_there(self, path):
        text = path.read_text()
        targets = {
            target for line in re.findall(r"run: make (.+)", text) for target in re.findall(r"[a-z][a-z-]+", line)
        }
        makefile = (ROOT / "Makefile").read_text()

        assert [name for name in re.findall(r"\.github/scripts/\w+", text) if not (ROOT / name).exists()] == []
        assert [
            name for name in targets - {"matrix", "target"} if not re.search(rf"^{name}:", makefile, re.MULTILINE)
        ] == []

    def test_no_secret_is_stored_where_a_role_can_be_assumed(self, path):
        assert "secrets." not in path.read_text()


def is_pinned(name, note):
    return bool(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name) and re.match(r" # v\d", note))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
class TestScripts:
    def test_it_is_sound_bash_that_stops_at_the_first_fault(self, path):
        text = path.read_text()

        assert text.startswith("#!/usr/bin/env bash\n# ")
        assert "\nset -euo pipefail\n" in text
        assert path.stat().st_mode & 0o111
        subprocess.run(["bash", "-n", str(path)], check=True)


class TestComment:
    """`comment` and `issue` with a `gh` that answers from a file and remembers what it was asked."""

    @pytest.fixture
    def script(self, tmp_path):
        (tmp_path / "answer").write_text("")
        gh = tmp_path / "gh"
        gh.write_text(
            f'#!/bin/bash\necho "$*" >>{tmp_path}/asked\ncase "$*" in *--jq*) cat {tmp_path}/answer ;; esac\n'
        )
        gh.chmod(0o755)
        page = tmp_path / "page.md"
        page.write_text("<!-- cartlake-plan:dev -->\n## Plan\n")

        def run(name, *arguments, answer="", code=0):
            (tmp_path / "answer").write_text(answer)
            environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "GH_REPO": "someone/lake", "GH_TOKEN": "t"}
            command = [str(ROOT / ".github" / "scripts" / name), *arguments, str(page)]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == code, done.stderr
            return (tmp_path / "asked").read_text().splitlines() if (tmp_path / "asked").exists() else []

        run.page = page
        return run

    def test_the_first_comment_is_written(self, script):
        asked = script("comment", "7")

        assert asked[-1].startswith("api --silent --method POST repos/someone/lake/issues/7/comments")

    def test_later_ones_replace_it(self, script):
        asked = script("comment", "7", answer="42\n")

        assert asked[-1].startswith("api --silent --method PATCH repos/someone/lake/issues/comments/42")

    def test_a_page_that_does_not_tell_which_it_is_is_refused(self, script):
        script.page.write_text("## Plan\n")

        assert script("comment", "7", code=2) == []

    @pytest.mark.parametrize(
        ("state", "answer", "last"),
        [
            ("open", "", "issue create --title Data"),
            ("open", "5\n", "issue edit 5"),
            ("close", "5\n", "issue close 5"),
            ("close", "", "issue list"),
        ],
    )
    def test_one_issue_is_kept_of_what_was_found(self, script, state, answer, last):
        assert script("issue", state, "Data", answer=answer)[-1].startswith(last)

    def test_another_state_is_refused(self, script):
        script("issue", "reopen", "Data", code=2)
