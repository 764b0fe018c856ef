"""Run a command in which all Terraforms share one process of the AWS provider: `one_provider.py COMMAND...`.

`terraform test` starts the provider anew for each run, which is most of what it takes: 7 s of processor time for a
module with five runs, 2 s with a provider that is there. The provider's debug mode serves any number of Terraforms, by
the variable TF_REATTACH_PROVIDERS: "Debugging providers" in HashiCorp's pages on the development of plugins.

For mocked providers and validation alone: a real provider has one configuration, that of whoever configured it last.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "terraform" / "modules" / "queue"
"""A small module with the provider and no other."""

VARIABLE: Final = "TF_REATTACH_PROVIDERS"
_ANNOUNCED: Final = re.compile(rf"{VARIABLE}='(.+)'")


class ProviderError(Exception):
    """The provider did not start. The message has what it printed."""


def installed_provider(data: Path) -> Path:
    """Return the path of the provider that Terraform installs into the data folder `data`."""
    command = ["terraform", f"-chdir={FOLDER}", "init", "-backend=false", "-input=false"]
    done = subprocess.run(
        command, env=os.environ | {"TF_DATA_DIR": str(data)}, capture_output=True, text=True, check=False
    )
    found = sorted(data.glob("providers/*/*/aws/*/*/terraform-provider-aws*"))  # through links to the plugin cache
    if done.returncode or not found:
        raise ProviderError(f"Terraform did not install the AWS provider: {done.stderr.strip() or done.stdout.strip()}")
    return found[0]


@contextmanager
def served(provider: Path) -> Iterator[Mapping[str, str]]:
    """Run a provider; yields the environment for Terraforms. It ends with the context.

    Raises ProviderError when it ends before it listens.
    """
    with subprocess.Popen(
        [provider, "-debug"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield os.environ | {VARIABLE: _announced(process.stdout, provider)}
        finally:
            process.kill()  # it holds no state


def _announced(lines: IO[str] | None, provider: Path) -> str:
    printed = []
    for line in lines or ():
        if found := _ANNOUNCED.search(line):
            return found[1]
        printed.append(line.strip())
    raise ProviderError(f"{provider.name} ended before it listened: {' '.join(printed)}")


def main(command: list[str]) -> int:
    """Run a command with a provider; returns its status."""
    data = ROOT / ".cache" / "terraform" / FOLDER.relative_to(ROOT / "terraform")
    try:
        with served(installed_provider(data)) as environment:
            return subprocess.run(command, env=environment, check=False).returncode
    except ProviderError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
