"""Terraform modules are described, typed and documented, and agree with what lies around them."""

import importlib
import importlib.util
import json
import re
from pathlib import Path

import pytest

from cartlake.runs.ids import Workflow

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


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_account_region_or_arn_is_typed_by_hand(path):
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
    assert names("output", source("environments", environment)) == names("output", source("modules", "lake"))


def test_the_command_line_finds_the_outputs_it_reads():
    read_by_cli = {
        "name_prefix", "region", "account_id", "environment", "buckets", "databases", "workgroup", "ledger_table",
        "incoming_queue_url", "incoming_dlq_url", "events_dlq_url", "event_bus", "state_machine_arns",
        "alerts_topic_arn", "glue_jobs", "crawlers", "functions",
    }  # fmt: skip

    assert read_by_cli <= names("output", source("modules", "lake"))


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_shared_state_is_encrypted_locked_and_apart(environment):
    root = source("environments", environment)

    assert 'backend "s3"' in root
    assert re.search(r"use_lockfile += true", root)
    assert re.search(r"encrypt += true", root)
    assert f'"cartlake/{environment}/terraform.tfstate"' in root


def test_production_can_neither_lose_its_data_nor_its_ledger():
    production = source("environments", "prod")

    assert re.search(r"deletion_protection += true", production)
    assert "force_destroy" not in production


def test_glue_installs_the_packages_the_lambdas_were_locked_to():
    lock = (ROOT / "requirements" / "lambda.lock").read_text()
    locked = {name.lower(): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE)}
    default = re.search(
        r'variable "glue_python_modules" \{.*?default += (\[.*?\])', source("modules", "lake"), re.DOTALL
    )

    installed = dict(module.split("==") for module in json.loads(default[1]))

    assert installed == {name: locked[name.lower()] for name in installed}
    assert {"pydantic", "PyYAML"} <= installed.keys()


def test_every_function_and_job_in_the_repository_is_deployed():
    functions = {path.parent.name for path in ROOT.glob("lambdas/*/handler.py")}
    jobs = {path.parent.name for path in ROOT.glob("glue_jobs/*/main.py")}
    deployed = source("modules", "ingest") + source("modules", "orchestration") + source("modules", "lake")

    assert [name for name in sorted(functions | jobs) if not re.search(rf"\b{name}\b", deployed)] == []


@pytest.mark.parametrize("function", sorted(path.parent.name for path in ROOT.glob("lambdas/*/handler.py")))
def test_every_function_is_given_the_settings_it_refuses_to_start_without(function):
    settings = importlib.import_module(f"lambdas.{function}.settings").Settings
    required = {name.upper() for name, field in settings.model_fields.items() if field.is_required()}
    alone = r'^module "{0}" {{$(.*?)^}}$|^    {0} = {{$(.*?)^    }}$|^  common_environment = {{$(.*?)^  }}$'
    blocks = re.finditer(
        alone.format(function),
        source("modules", "ingest") + source("modules", "orchestration"),
        re.DOTALL | re.MULTILINE,
    )

    given = {name for block in blocks for name in re.findall(r"\b([A-Z][A-Z_]+) += ", block[0])}

    assert required - given == set()


def test_the_command_line_finds_the_machines_and_functions_it_calls():
    command_line = "\n".join(path.read_text() for path in (ROOT / "cartlake" / "cli").glob("*.py"))
    called = set(re.findall(r'outputs\.functions\["(\w+)"\]', command_line))

    assert called <= {path.parent.name for path in ROOT.glob("lambdas/*/handler.py")}
    assert {"ingest", Workflow.MAINTENANCE, Workflow.REFRESH} == {
        path.name.removesuffix(".asl.json") for path in ROOT.glob("state_machines/*.json")
    }
