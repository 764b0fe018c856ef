"""Terraform modules are described, typed and documented, and agree with what lies around them."""

import importlib
import importlib.util
import re
from pathlib import Path

import pytest
import yaml

from cartlake import events
from cartlake.runs.ids import Workflow
from cartlake_cli.functions import ALIAS
from cartlake_cli.outputs import OUTPUT, Outputs

ROOT = Path(__file__).parents[2]
TERRAFORM = ROOT / "terraform"
ENVIRONMENTS = ["local", "dev", "staging", "prod"]
BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.DOTALL | re.MULTILINE)
INTERFACES = [
    pytest.param(kind, body, id=f"{path.parent.name}:{kind}.{name}")
    for path in sorted(TERRAFORM.rglob("*.tf"))
    for kind, name, body in BLOCK.findall(path.read_text())
]
SOURCES = [path for path in sorted(TERRAFORM.rglob("*.tf")) if ".terraform" not in path.parts]
MODULES = sorted(path.parent for path in TERRAFORM.glob("modules/*/main.tf"))
ACCOUNT_OF_EXAMPLES = "123456789012"
DECLARED = r'^module "{0}" {{$|^    {0} = {{$'
"""How a function is deployed: by a call of its own, or as a member of a map."""
MOST_LINES = 340
MOST_LINES_OF_THE_COMPOSITION = 740


def in_example(path: Path) -> bool:
    return "examples" in path.parts


def source(*folders: str) -> str:
    return "\n".join(path.read_text() for path in sorted(TERRAFORM.joinpath(*folders).glob("*.tf")))


def names(kind: str, text: str) -> set[str]:
    return {name for found, name, _ in BLOCK.findall(text) if found == kind}


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("generate_readmes", TERRAFORM / "generate_readmes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("kind", "body"), INTERFACES)
def test_interface_is_described_and_exactly_typed(kind, body):
    assert re.search(r'^  description += "[A-Z].+\."$', body, re.MULTILINE)
    if kind == "variable":
        assert re.search(r"^  type += (?!any\b)", body, re.MULTILINE)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(TERRAFORM).as_posix())
def test_no_account_region_or_arn_is_typed_by_hand(path):
    if in_example(path):  # which shows what a value looks like, always of the account AWS's own documents use
        assert set(re.findall(r"\b\d{12}\b", path.read_text())) <= {ACCOUNT_OF_EXAMPLES}
    else:
        assert not re.search(r'"arn:aws|\b\d{12}\b|"(eu|us|ap)-[a-z]+-\d"', path.read_text())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_policy_wildcard_says_why(path):
    # "*" means everything. Behind a key policy's principal it means "this key", which the file says once.
    wildcards = [
        line for line in path.read_text().splitlines() if re.search(r'(actions|resources) += \[.*[":]\*"', line)
    ]

    unexplained = [line for line in wildcards if "#" not in line]

    assert not unexplained or "# In a key policy the resource" in path.read_text()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_module_has_tests_that_also_expect_failure(module):
    tests = "\n".join(path.read_text() for path in module.glob("tests/*.tftest.hcl"))

    assert "mock_provider" in tests
    assert "error_message" in tests
    assert "expect_failures" in tests


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_module_has_an_example_that_its_tests_apply(module):
    applied = re.search(
        r'^run "the_example_applies" \{\s+command = apply\s+module \{\s+source = "./(examples/\w+)"\s+\}\s+assert \{$',
        (module / "tests" / "example.tftest.hcl").read_text(),
        re.MULTILINE,
    )

    assert (module / applied[1] / "main.tf").read_text().startswith(f'module "{module.name}" {{\n  source = "../.."\n')


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_module_is_small_enough_to_be_read_at_once(module):
    lines = sum(len(path.read_text().splitlines()) for path in module.glob("*.tf"))

    assert lines <= (MOST_LINES_OF_THE_COMPOSITION if module.name == "lake" else MOST_LINES)


def test_every_readme_holds_the_current_inputs_and_outputs(generator):
    assert [module.name for module in generator.stale_modules()] == []


def test_readme_tables_show_what_a_caller_must_know(generator, tmp_path):
    (tmp_path / "main.tf").write_text("")
    (tmp_path / "variables.tf").write_text(
        'variable "size" {\n  description = "Size, in GB."\n'
        "  type = object({\n    least = optional(number, 1)\n    most  = number\n  })\n  default = {}\n}\n\n"
        'variable "name" {\n  description = "Name of <thing>."\n  type        = string\n\n'
        '  validation {\n    condition     = true\n    error_message = "No."\n  }\n}\n'
    )

    written = generator.tables(tmp_path)

    assert "| `name` | Name of &lt;thing>. | `string` | required |\n| `size` |" in written
    assert "| `object({ least = optional(number, 1), most = number })` | `{}` |" in written
    assert "## Outputs\n\nNone.\n" in written


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_gives_out_all_the_lake_has(environment):
    assert names("output", source("modules", "lake")) == {"resources"}
    assert names("output", source("environments", environment)) == {OUTPUT}
    assert re.search(r"^  value += module\.lake\.resources$", source("environments", environment), re.MULTILINE)


def test_the_lake_gives_out_what_the_command_line_declares():
    resources = re.search(
        r"^  value = \{\n(.*?)^  \}", (TERRAFORM / "modules/lake/outputs.tf").read_text(), re.DOTALL | re.MULTILINE
    )

    assert sorted(re.findall(r"^    (\w+) +=", resources[1], re.MULTILINE)) == sorted(Outputs.model_fields)


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_shared_state_is_encrypted_locked_and_apart(environment):
    root = source("environments", environment)

    assert 'backend "s3"' in root
    assert re.search(r"use_lockfile += true", root)
    assert re.search(r"encrypt += true", root)
    assert f'"cartlake/{environment}/terraform.tfstate"' in root


@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_protected_environments_can_not_lose_their_data(environment):
    protected = source("environments", environment)

    assert re.search(r"deletion_protection += true", protected)
    assert "force_destroy" not in protected


def test_what_must_not_be_lost_is_protected():
    protection = re.search(r'^module "protection" \{\n(.*?)^\}', source("modules", "lake"), re.DOTALL | re.MULTILINE)[1]

    assert re.search(r"^  enabled += var\.deletion_protection$", protection, re.MULTILINE)
    for kept in ("kms_key_arn", "ledger_arn", "database_arns", '"raw", "processed", "curated", "quarantine"'):
        assert kept in protection
    assert "prevent_destroy = true" in source("modules", "protection")


def locked(name):
    lock = (ROOT / "requirements" / f"{name}.lock").read_text()
    return {name.lower(): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE)}


def test_glue_installs_the_packages_the_lambdas_were_locked_to():
    of_glue, of_lambda = locked("glue"), locked("lambda")

    assert {"pydantic", "pyyaml"} <= of_glue.keys()
    assert of_glue == {name: of_lambda[name] for name in of_glue}


def test_every_function_and_job_in_the_repository_is_deployed():
    functions = {path.parent.name for path in ROOT.glob("lambdas/*/handler.py")}
    jobs = {path.parent.name for path in ROOT.glob("glue_jobs/*/main.py")}
    deployed = "\n".join(source("modules", module.name) for module in MODULES)

    assert [name for name in sorted(functions) if not re.search(DECLARED.format(name), deployed, re.MULTILINE)] == []
    assert [name for name in sorted(jobs) if not re.search(rf"^    {name} = \{{$", deployed, re.MULTILINE)] == []


@pytest.mark.parametrize("function", sorted(path.parent.name for path in ROOT.glob("lambdas/*/handler.py")))
def test_every_function_is_given_the_settings_it_refuses_to_start_without(function):
    settings = importlib.import_module(f"lambdas.{function}.settings").Settings
    required = {name.upper() for name, field in settings.model_fields.items() if field.is_required()}
    alone = r'^module "{0}" {{$(.*?)^}}$|^    {0} = {{$(.*?)^    }}$|^  (?:common_environment|limits) = {{$(.*?)^  }}$'
    alone += r"|merge\(local\.limits, {{(.*?)}}\)"
    deployed = "\n".join(source("modules", module.name) for module in MODULES)
    blocks = re.finditer(alone.format(function), deployed, re.DOTALL | re.MULTILINE)

    given = {name for block in blocks for name in re.findall(r"\b([A-Z][A-Z_]+) += ", block[0])}

    assert required - given == set()


def test_the_command_line_finds_the_machines_and_functions_it_calls():
    command_line = "\n".join(path.read_text() for path in (ROOT / "cartlake_cli").rglob("*.py"))
    called = set(re.findall(r'[^_]call\(lake, "(\w+)"', command_line))

    assert called
    assert called <= {path.parent.name for path in ROOT.glob("lambdas/*/handler.py")}
    assert f'name             = "{ALIAS}"' in source("modules", "function")
    assert {"ingest", Workflow.FORECAST, Workflow.MAINTENANCE, Workflow.REFRESH} == {
        path.name.removesuffix(".asl.json") for path in ROOT.glob("state_machines/*.json")
    }


def test_locks_are_made_for_every_platform_and_root_and_by_known_actions_only():
    workflows = ROOT / ".github" / "workflows"
    lock, actions = (workflows / "terraform-lock.yml").read_text(), re.compile(r"uses: (\S+@[0-9a-f]{40}) # v")

    platforms = {f"{system}_{processor}" for system in ("linux", "darwin") for processor in ("amd64", "arm64")}
    assert set(re.findall(r"-platform=(\w+)", lock)) == platforms
    assert re.search(r"for environment in (.*); do", lock)[1].split() == ENVIRONMENTS
    assert len(re.findall("uses:", lock)) == len(actions.findall(lock))
    assert set(actions.findall(lock)) <= set(actions.findall((workflows / "ci.yml").read_text()))


def test_every_workflow_runs_the_same_terraform():
    used = {
        found
        for path in (ROOT / ".github" / "workflows").glob("*.yml")
        for found in re.findall(r"terraform_version: (\S+)", path.read_text())
    }

    assert used == {f'"{(ROOT / ".terraform-version").read_text().strip()}"'}


def test_dependabot_looks_at_every_folder_with_versions_of_providers():
    watched = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    patterns = next(update["directories"] for update in watched if update["package-ecosystem"] == "terraform")

    folders = {path.parent for path in TERRAFORM.rglob("versions.tf") if not in_example(path)}
    assert {folder for pattern in patterns for folder in ROOT.glob(pattern[1:])} >= folders


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(TERRAFORM).as_posix())
def test_every_skipped_check_says_why(path):
    skipped = [line for line in path.read_text().splitlines() if "checkov:" in line]

    assert [line for line in skipped if not re.match(r"^  #checkov:skip=CKV2?_AWS_\d+:\w.{20,}$", line)] == []


def test_rules_for_our_own_events_name_events_that_are_sent():
    pattern = r'source += "cartlake", +detail_type = "(\w+)"|source = "cartlake", detail_type = "(\w+)"'
    named = {name for groups in re.findall(pattern, source("modules", "ingest")) for name in groups if name}

    assert named == {"FileValidated"}
    assert named <= {event.detail_type() for event in events.EVENTS}
