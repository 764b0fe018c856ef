"""What an earlier run left in a directory: its files make room for the new ones, others stay."""

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from generators.manifest import MANIFEST_NAME, Manifest
from generators.world_manifest import WorldManifest

DEEPEST: Final = 2  # dataset/file


def earlier_files(directory: Path) -> list[str]:
    """Names, relative to the directory, of the files that the manifest in it lists, of one dataset or of a world.

    Raises ValueError when the manifest is neither: it is not ours to replace.
    """
    path = directory / MANIFEST_NAME
    if not path.exists():
        return []
    content = path.read_bytes()
    try:
        return [file.name for file in Manifest.model_validate_json(content).files]
    except ValidationError:
        pass
    try:
        world = WorldManifest.model_validate_json(content)
    except ValidationError as error:
        raise ValueError(
            f"{path} was not written by this version of the generators: move it away, or choose another directory"
        ) from error
    return [file.name for truth in world.datasets.values() for file in truth.files]


def clear(directory: Path) -> None:
    """Remove what an earlier manifest in the directory lists, and the manifest."""
    for name in earlier_files(directory):
        if is_ours(Path(name)):
            (directory / name).unlink(missing_ok=True)
    (directory / MANIFEST_NAME).unlink(missing_ok=True)


def is_ours(path: Path) -> bool:
    """Whether the name stays in the directory; another was not written by us."""
    return not path.is_absolute() and len(path.parts) <= DEEPEST and ".." not in path.parts
