"""Each control names tests that prove it, and these tests exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`((?:tests|terraform|localaws)/[\w/.]+\.(?:py|tftest\.hcl)(?:::\w+)*)`")
PAGES = [ROOT / "docs" / "compliance.md", ROOT / "docs" / "security.md"]
CONTROLS = ("Encryption", "Access", "Audit", "Retention", "Erasure", "Change", "Backup", "Supply chain")
TESTS = sorted({found for page in PAGES for found in NAMED.findall(page.read_text())})


def names_in(path: Path) -> set[str]:
    """The tests of a file: `name` and `Class::name`, or the runs of a Terraform test."""
    if path.suffix == ".hcl":
        return set(re.findall(r'^run "(\w+)"', path.read_text(), re.MULTILINE))
    tree = ast.parse(path.read_text())
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)}
    return found


@pytest.mark.parametrize("test", TESTS)
def test_a_test_that_proves_a_control_exists(test: str) -> None:
    file, _, name = test.partition("::")

    assert (ROOT / file).is_file()
    assert not name or name in names_in(ROOT / file)


def test_every_control_has_a_proof() -> None:
    rows = [line for line in PAGES[0].read_text().splitlines() if line.startswith("| **")]

    assert [row for row in rows if not NAMED.search(row.rpartition(" | ")[2])] == []
    assert [control for control in CONTROLS if not any(row.startswith(f"| **{control}") for row in rows)] == []


def test_every_threat_has_a_proof() -> None:
    rows = [line for line in PAGES[1].read_text().splitlines() if re.match(r"\| \*\*[STRIDE]\*\*:", line)]

    assert {row[4] for row in rows} == set("STRIDE")
    assert [row for row in rows if not NAMED.search(row.rpartition(" | ")[2])] == []
