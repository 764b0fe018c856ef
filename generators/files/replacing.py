"""Replace an earlier set of files by a new one once that is complete; other files in the directory stay."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeVar

from pydantic import ValidationError

from generators.manifests.models import MANIFEST_NAME, ManifestModel
from generators.manifests.transactions import Manifest
from generators.manifests.world import WorldManifest

DEEPEST: Final = 2  # dataset/file

M = TypeVar("M", bound=ManifestModel)


def replace_set(out: Path, make: Callable[[Path], M]) -> M:
    """Let `make` write files into an empty directory, then move them to `out` and write the manifest there.

    Raises ValueError when `out` has a manifest of something else, and whatever `make` raises; `out` is unchanged then.
    """
    earlier_files(out)
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out, prefix=".unfinished-") as unfinished:
        manifest = make(Path(unfinished))
        clear(out)
        for name in manifest.file_names():
            (out / name).parent.mkdir(exist_ok=True)
            (Path(unfinished) / name).rename(out / name)
    manifest.write(out)
    return manifest


def earlier_files(directory: Path) -> list[str]:
    """Names, relative to the directory, of the files that the manifest in it lists, of one dataset or of a world.

    Raises ValueError when the manifest is neither.
    """
    path = directory / MANIFEST_NAME
    if not path.exists():
        return []
    content = path.read_bytes()
    for kind in (Manifest, WorldManifest):
        try:
            return kind.model_validate_json(content).file_names()
        except ValidationError:
            continue
    raise ValueError(
        f"{path} was not written by this version of the generators: move it away, or choose another directory"
    )


def clear(directory: Path) -> None:
    """Remove the files that an earlier manifest in the directory lists, and the manifest."""
    for name in earlier_files(directory):
        if stays_inside(Path(name)):
            (directory / name).unlink(missing_ok=True)
    (directory / MANIFEST_NAME).unlink(missing_ok=True)


def stays_inside(path: Path) -> bool:
    """Whether the name is of a file in the directory; a generator writes no other."""
    return not path.is_absolute() and len(path.parts) <= DEEPEST and ".." not in path.parts
