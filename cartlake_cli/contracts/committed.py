"""The contracts of a Git commit."""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from cartlake import contracts
from cartlake.contracts import Contract
from cartlake_cli.errors import CommandError, NotFoundError

FOLDER = "contracts"


def contracts_at(root: Path, reference: str) -> list[Contract]:
    """Return the contracts of a commit.

    Raises NotFoundError for a commit Git does not know, CommandError without Git, ContractError for an invalid file.
    """
    listed = _git(root, "ls-tree", "--name-only", reference, f"{FOLDER}/")
    if listed.returncode != 0:
        words = listed.stderr.decode().strip()
        raise NotFoundError(f"Git knows no {reference!r} here: {words}. Give a commit, branch or tag.")
    names = [name for name in listed.stdout.decode().splitlines() if name.endswith(".odcs.yaml")]
    # Contracts are parsed from files, because the name of the file is checked too.
    with TemporaryDirectory() as folder:
        for name in names:
            shown = _git(root, "show", f"{reference}:{name}")
            (Path(folder) / Path(name).name).write_bytes(shown.stdout)
        return [contracts.parse(path) for path in sorted(Path(folder).glob("*.odcs.yaml"))]


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise CommandError("`lake contracts diff` needs git on the PATH.") from error
