"""What Terraform plans for dev, staging and prod is what was reviewed last."""

import difflib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
ADVICE = "Run `make terraform-baselines`, read the difference, and commit it with the change that made it."


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_baselines", ROOT / "terraform" / "write_baselines.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def plans(writer: ModuleType) -> dict[str, str]:
    return writer.plans()


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_a_plan_is_as_it_was_reviewed(plans, writer, environment):
    reviewed = (writer.BASELINES / f"{environment}.json").read_text(encoding="utf-8").splitlines()

    changed = list(difflib.unified_diff(reviewed, plans[environment].splitlines(), "reviewed", "planned", n=2))

    assert changed == [], "\n".join([ADVICE, *changed[:200]])


def test_baselines_hold_nothing_of_this_machine_or_of_one_build(plans):
    for text in plans.values():
        assert str(ROOT) not in text
        assert not re.search(r"/tmp/|/var/folders/", text)


def test_what_does_not_matter_to_a_reviewer_is_left_out(writer):
    after = {
        "name": "lake",
        "tags_all": {"a": "b"},
        "policy": '{"Version": "1"}',
        "definition": "{ long }",
        "empty": [],
    }
    plan = {
        "resource_changes": [{"address": "b", "change": {"after": after}}, {"address": "a", "change": {"after": None}}]
    }

    assert writer.json.loads(writer.baseline(plan)) == {
        "a": {},
        "b": {"name": "lake", "policy": {"Version": "1"}, "definition": "(text)"},
    }
