"""Pages name what there is: every file, link, command, option and make target; lists leave nothing out."""

import re
import subprocess
from functools import cache
from itertools import product

import pytest
import typer

from cartlake import contracts
from cartlake_cli import main
from cartlake_cli.command_table import COMMANDS, load
from tests.contract.pages import FENCE, INDENTED, ROOT, all_pages

TABLES = (ROOT / "docs" / "tables.md").read_text()
ALL = [pytest.param(table, id=table.physical_name) for contract in contracts.load_all() for table in contract.tables]
PAGES = [pytest.param(page, id=page.name) for page in all_pages()]
# A decision is never edited: it names the files and commands of its day.
LIVING = [pytest.param(page, id=page.name) for page in all_pages() if not page.path.name[:4].isdigit()]

# Made on the machine of the user, or standing for something.
MADE = ("build/", ".lake", ".venv", ".cache")
SUFFIXES = r"\.(?:py|tf|md|asl\.json|sql|ya?ml|ipynb|lock|toml|hcl)"
PATH = re.compile(r"[\w.<>{},*…-]+(?:/[\w.<>{},*…-]+)*/?")
PACKAGES = (
    "cartlake",
    "cartlake_cli",
    "localaws",
    "lambdas",
    "glue_jobs",
    "generators",
    "sources",
    "data_catalog",
    "benchmarks",
)
DOTTED = re.compile(rf"(?<![\w./-])(?:{'|'.join(PACKAGES)})(?:\.\w+)+(?![\w/-])")
QUOTED = re.compile(r"'[^']*'|\"[^\"$]*\"")
LAKE = re.compile(r"(?:^|\$\(|\.venv/bin/|`|[;&|] )lake(?= )([^`#)]*)")
MAKE = re.compile(r"(?:^|`|[;&|] )make ([a-z][a-z-]*)")


@pytest.mark.parametrize("table", ALL)
def test_every_table_is_listed_with_its_grain_and_what_it_is_built_from(table):
    [line] = [line for line in TABLES.splitlines() if line.startswith(f"| `{table.physical_name}` |")]

    assert table.grain in line
    assert all(f"`{upstream.table}`" in line for upstream in (table.build.upstreams if table.build else ()))


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    assert [target for target in page.links if not leads_somewhere(page, target)] == []


def leads_somewhere(page, target):
    file, _, anchor = target.partition("#")
    path = (page.path.parent / file).resolve() if file else page.path
    if not path.exists():
        return False
    return not anchor or anchor in type(page)(path).anchors


@pytest.mark.parametrize("page", LIVING)
def test_files_and_folders_that_are_named_exist(page):
    words = [word for text in [*page.spans, *page.block_lines] for word in re.split(r"[\s\"'()=|`]+", text)]
    named = {word.rstrip(".,:;") for word in words if PATH.fullmatch(word.rstrip(".,:;"))}

    assert sorted(path for path in named if is_of_the_repository(path) and not exists(page, path)) == []


def is_of_the_repository(path):
    if path.startswith(MADE):
        return False
    first, slash, _ = path.partition("/")
    if slash:
        return first in top_level() or re.search(SUFFIXES + "$", path) is not None
    return re.search(r"\w\.(?:py|tf|asl\.json)$", path) is not None


@cache
def tracked():
    """Files of the repository, new ones included, but not what git ignores."""
    arguments = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(arguments, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [path for path in listed if (ROOT / path).exists()]


@cache
def top_level():
    return {path.split("/")[0] for path in tracked()}


@cache
def everything():
    """Every file and folder, as a text with one a line."""
    folders = {parent.as_posix() for path in tracked() for parent in (ROOT / path).relative_to(ROOT).parents}
    return "\n".join(sorted({*tracked(), *folders}))


def exists(page, path):
    here = page.path.parent.relative_to(ROOT).as_posix()
    bases = ["", f"{here}/", "terraform/", "localaws/", "localaws/src/", "localaws/src/localaws/"]
    bases.append(f"{page.path.stem}/")  # docs/generators.md is about generators/
    if "/" not in path:
        return re.search(rf"(?:^|/){pattern_of(path)}$", everything(), re.MULTILINE) is not None
    return any(re.search(rf"^{re.escape(base)}{pattern_of(path)}$", everything(), re.MULTILINE) for base in bases)


def pattern_of(path):
    """A regular expression: <dataset>, NAME, … and * stand for anything, {a,b} for either."""
    pattern = re.escape(path.rstrip("/"))
    pattern = re.sub(r"<[^>]*>|NAME|…|\\\*", "[^/\\\\n]+", pattern)
    return re.sub(r"\\\{(.*?)\\\}", lambda found: f"(?:{found[1].replace(',', '|')})", pattern)


@pytest.mark.parametrize("page", LIVING)
def test_modules_and_what_is_in_them_exist(page):
    imports = [line for line in page.block_lines if re.match(r"from |import |.*python -m ", line)]
    named = {name for text in [*page.spans, *imports] for name in DOTTED.findall(text)}

    assert sorted(name for name in named if not is_module(name) and not is_property(name)) == []


def is_module(name):
    """Whether a dotted name is a module, or something a module defines."""
    parts = name.split(".")
    for root, length in product((ROOT, ROOT / "localaws" / "src"), range(len(parts), 0, -1)):
        folder = root.joinpath(*parts[:length])
        for module in (folder.with_suffix(".py"), folder / "__init__.py"):
            if module.exists():
                return length == len(parts) or re.search(rf"\b{parts[length]}\b", module.read_text()) is not None
    return False


@cache
def properties():
    sources = [*(ROOT / "contracts").glob("*.yaml"), *(ROOT / "cartlake").rglob("*.py")]
    sources += [*(ROOT / "cartlake_cli").rglob("*.py"), *(ROOT / "terraform").rglob("*.tf")]
    return set(re.findall(r"\bcartlake\.\w+", "\n".join(path.read_text() for path in sources)))


def is_property(name):
    """Whether a name is a property of contracts or tables, or the domain of an event."""
    return ".".join(name.split(".")[:2]) in properties() and "/" not in name


@pytest.mark.parametrize("page", LIVING)
def test_commands_and_their_options_are_those_of_the_command_line(page):
    said = [found for text in [*page.spans, *page.block_lines] for found in LAKE.findall(QUOTED.sub("''", text))]

    assert {text.strip(): fault for text in said if (fault := fault_of(text))} == {}


def fault_of(said):
    """What is wrong with the words after `lake`, or nothing."""
    words = said.split()
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] == "--env" else words[1:]
    if not words or not re.fullmatch(r"[a-z]+", words[0]):
        return None
    if words[0] not in COMMANDS:
        return f"no command {words[0]}"
    called = {words[0]: loaded(words[0])}
    default = getattr(called[words[0]], "default_command", None)  # `lake lineage TABLE` is `lake lineage show TABLE`
    if default and len(words) > 1 and words[1] not in called[words[0]].commands:
        called = {f"{words[0]} {default}": called[words[0]].commands[default]}
    elif hasattr(called[words[0]], "commands") and len(words) > 1 and re.fullmatch(r"[a-z|-]+", words[1]):
        group = called[words[0]]
        called = {f"{words[0]} {name}": group.commands.get(name) for name in words[1].split("|")}
    missing = [name for name, command in called.items() if command is None]
    known = {
        option for command in called.values() if command for parameter in command.params for option in opts(parameter)
    }
    unknown = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", said)) - known - options_of_all()
    return f"unknown: {[*missing, *sorted(unknown)]}" if missing or unknown else None


@cache
def loaded(name):
    return load(name)


@cache
def options_of_all():
    return {"--help", *(option for parameter in typer.main.get_command(main.app).params for option in opts(parameter))}


def opts(parameter):
    return [*parameter.opts, *parameter.secondary_opts]


@pytest.mark.parametrize("page", LIVING)
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    said = {target for text in [*page.spans, *page.block_lines] for target in MAKE.findall(text)}

    assert said - targets == set()


def linked_by(name):
    """The pages a page links, a folder standing for its README."""
    [index] = [page for page in all_pages() if page.name == name]
    paths = [(index.path.parent / link.partition("#")[0]).resolve() for link in index.links]
    return {path / "README.md" if path.is_dir() else path for path in paths}


def test_the_index_lists_every_page():
    elsewhere = ("terraform/", "tests/", "docs/adr/0", "docs/runbooks/")
    pages = {page.path for page in all_pages() if not page.name.startswith(elsewhere)}

    assert pages - linked_by("docs/README.md") - {ROOT / "docs/README.md", ROOT / "README.md"} == set()


def test_the_page_about_terraform_links_every_page_of_it():
    pages = {page.path for page in all_pages() if page.name.startswith("terraform/")}

    assert pages
    assert pages - linked_by("docs/terraform.md") == set()


def test_the_list_of_decisions_lists_every_decision():
    [index] = [page for page in all_pages() if page.name == "docs/adr/README.md"]

    assert set(index.links) == {path.name for path in index.path.parent.glob("0*.md")}


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) < 150


@pytest.mark.parametrize("page", LIVING)
def test_commands_stand_in_blocks_that_name_their_language(page):
    fences = [fence.group().splitlines()[0].strip() for fence in FENCE.finditer(page.text)]
    indented = [
        line for line in INDENTED.findall(page.prose) if re.match(r"(?:\$ )?(?:lake|aws|make|terraform) ", line)
    ]

    assert [fence for fence in fences if not re.search("[a-z]", fence)] == []
    assert indented == []


@pytest.mark.parametrize("page", LIVING)
def test_commands_that_no_test_types_say_why(page):
    notes = [block.note for block in page.commands if block.note]

    assert [note for note in notes if not is_reason(note)] == []


def is_reason(note):
    """Whether a note is `need an account`, names the test or make target that runs the block, or says why none does."""
    if note.startswith("run by make "):
        return re.search(rf"^{note.removeprefix('run by make ')}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    if note.startswith("run by "):
        return (ROOT / note.removeprefix("run by ")).is_file()
    return note == "need an account" or note.startswith("not run: ")


def test_every_runbook_is_followed_by_a_test_that_causes_its_fault():
    tests = "\n".join(path.read_text() for path in (ROOT / "tests" / "e2e").glob("test_*.py"))
    pages = [page for page in all_pages() if page.name.startswith("docs/runbooks/") and page.path.name != "README.md"]
    steps = {(page.path.stem, block.heading) for page in pages for block in page.commands if block.note is None}

    assert pages
    assert [step for step in sorted(steps) if f'follow_runbook("{step[0]}", "{step[1]}"' not in tests] == []
    assert {page.path.stem for page in pages} == {stem for stem, _ in steps}


def test_the_index_of_runbooks_lists_all():
    pages = {page.path for page in all_pages() if page.name.startswith("docs/runbooks/")}

    assert pages - linked_by("docs/runbooks/README.md") - {ROOT / "docs/runbooks/README.md"} == set()
