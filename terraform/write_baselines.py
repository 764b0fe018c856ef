"""Write what Terraform plans for dev, staging and prod to tests/terraform/baselines/, so that a review shows it.

`make terraform-baselines` runs it. It needs no AWS: the only call of a plan is "who am I", which a server here answers.
What differs from build to build is left out: code comes from terraform/fixtures, texts of queries and state machines
are named only, and values that are known after an apply are not settings.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).parents[1]
BASELINES: Final = ROOT / "tests" / "terraform" / "baselines"
ENVIRONMENTS: Final = ("dev", "staging", "prod")
ACCOUNT: Final = "123456789012"
REGION: Final = "eu-west-1"
READ_BY_TERRAFORM: Final = ("athena_queries", "contracts", "dashboard", "state_machines", "terraform")
LEFT_OUT: Final = {"tags_all", "content_base64", "etag", "source_hash"}
TEXTS: Final = {"definition", "query", "query_statement"}
DOCUMENTS: Final = {"assume_role_policy", "configuration", "event_pattern", "input", "policy", "redrive_policy"}
LOCAL_STATE: Final = 'terraform {\n  backend "local" {}\n}\n'
IDENTITY: Final = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    f"<Arn>arn:aws:iam::{ACCOUNT}:user/plan</Arn><UserId>plan</UserId><Account>{ACCOUNT}</Account>"
    "</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
)


class _Identity(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.end_headers()
        self.wfile.write(IDENTITY.encode())

    def log_message(self, *_: object) -> None:
        """Print nothing for a request."""


@contextmanager
def identity_server() -> Iterator[str]:
    """Answer GetCallerIdentity on a free port of this machine; yields the address."""
    server = HTTPServer(("127.0.0.1", 0), _Identity)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()


def plans(environments: tuple[str, ...] = ENVIRONMENTS) -> dict[str, str]:
    """Return the text of each environment's baseline as planned now. Raises RuntimeError with Terraform's message."""
    with tempfile.TemporaryDirectory() as folder, identity_server() as sts, ThreadPoolExecutor(2) as pool:
        for name in READ_BY_TERRAFORM:
            ignored = shutil.ignore_patterns(".terraform", "*.tfstate*", "__pycache__", "backend.hcl")
            shutil.copytree(ROOT / name, Path(folder, name), ignore=ignored)
        found = pool.map(lambda name: json_plan(Path(folder, "terraform", "environments", name), sts), environments)
        return {name: baseline(plan) for name, plan in zip(environments, found, strict=True)}


def json_plan(root: Path, sts: str) -> dict[str, Any]:
    """Plan a root that nothing was applied of; returns Terraform's JSON of the plan."""
    root.joinpath("backend_override.tf").write_text(LOCAL_STATE, encoding="utf-8")
    terraform(root, sts, "init", "-input=false")
    terraform(root, sts, "plan", "-input=false", "-var=artifacts_dir=../../fixtures/artifacts", "-out=plan.tfplan")
    planned: dict[str, Any] = json.loads(terraform(root, sts, "show", "-json", "plan.tfplan"))
    return planned


def terraform(root: Path, sts: str, *arguments: str) -> str:
    """Run Terraform in a root without any AWS; returns what it printed. Raises RuntimeError with its message."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))}
    given = {"AWS_ENDPOINT_URL_STS": sts, "AWS_ACCESS_KEY_ID": "plan", "AWS_SECRET_ACCESS_KEY": "plan"}
    given |= {"AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true", "TF_DATA_DIR": str(root / ".terraform")}
    command = ["terraform", f"-chdir={root}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=own | given)
    if done.returncode:
        raise RuntimeError(f"`terraform {arguments[0]}` in {root.name}: {done.stderr}")
    return done.stdout


def baseline(plan: Mapping[str, Any]) -> str:
    """Return the settings of all resources and policies of a plan, sorted by address, as JSON."""
    changes = {change["address"]: settings(change["change"]["after"] or {}) for change in plan["resource_changes"]}
    return json.dumps(changes, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def settings(value: Any, name: str = "") -> Any:
    """Return a value without what is empty or left out; documents as JSON, long texts by their kind only."""
    if isinstance(value, dict):
        kept = {key: settings(member, key) for key, member in value.items() if key not in LEFT_OUT}
        return {key: member for key, member in kept.items() if member not in (None, "", [], {})}
    if isinstance(value, list):
        return [settings(member) for member in value]
    if isinstance(value, str) and name in TEXTS:
        return "(text)"
    if isinstance(value, str) and name in DOCUMENTS and value.startswith("{"):
        return json.loads(value)
    return value


def main() -> None:
    """Write all baselines and print which have changed."""
    BASELINES.mkdir(exist_ok=True)
    for name, text in plans().items():
        path = BASELINES / f"{name}.json"
        changed = not path.exists() or path.read_text(encoding="utf-8") != text
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)}: {'changed' if changed else 'as before'}\n")


if __name__ == "__main__":
    main()
