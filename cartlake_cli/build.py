"""Builds everything Terraform deploys, into `build/`: Lambda zips and layers, the Glue library and scripts.

    build/lambdas/<function>.zip      lambdas/<function>/ and lambdas/shared/; for a function that runs the light engine
                                      also cartlake, contracts, what of glue_jobs needs no Spark, and its queries;
                                      for one that reads sources also sources/, for api_handler the named queries
    build/layers/cartlake.zip         requirements/lambda.lock + cartlake + contracts + what columns are made of
    build/layers/arrow.zip            requirements/arrow.lock without what the first layer has
    build/layers/sftp.zip             requirements/sftp.lock without what the first layer has
    build/layers/warehouses.zip       requirements/warehouses.lock without what the first layer has
    build/layers/light.zip            requirements/light.lock, the only layer of those functions
    build/glue/libs/cartlake.zip      cartlake + contracts + glue_jobs, for --extra-py-files
    build/glue/libs/wheels.gluewheels.zip
                                      requirements/glue.lock as wheels, for --additional-python-modules
    build/glue/jobs/<job>.py          the script of each job, on Glue or EMR Serverless
    build/emr/packages.zip            only for AWS: requirements/emr.lock installed, which jobs unpack on EMR Serverless
    build/engine/<file>.gz            only with Explore: the engine of that page of the dashboard
    build/manifest.json               {"platform": ..., "files": {"<path below build/>": "<sha256 hex>"},
                                      "without_bytecode": ["light", ...]}

Zips are reproducible byte for byte: entries sorted, one fixed time stamp, fixed permissions, bytecode that depends on
the source and the Python alone. `without_bytecode` names layers for a Python that this machine does not have: they
work, and start more slowly.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path

from cartlake.errors import TerminalError
from cartlake_cli import bytecode
from cartlake_cli.light_queries.column_lineage import compiled_sources
from cartlake_cli.light_queries.compiling import compiled_queries

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold."""

COMPRESSION, QUICK_COMPRESSION = 6, 1
"""Levels of deflate. Layers for this machine are copied and unzipped here alone: the quick one takes a third of the
processor time, and makes them a ninth larger."""

BESIDE_THE_FIRST = ("arrow", "sftp", "warehouses")
"""Layers of functions that have the layer `cartlake` too, but never each other: together they are over the limit."""

LAYER_LIMIT_MB = 250
"""AWS's limit for a function and its layers, unzipped: "Lambda quotas" in the developer guide of Lambda."""

UNUSED_IN_LAMBDA = (
    "pyarrow/include/",
    "pyarrow/tests/",
    "pyarrow/src/",
    "pyarrow/libarrow_flight",
    "pyarrow/_flight",
    "bin/",
)
"""Tests, headers and the RPC parts of Arrow: 30 MB of the 250 MB. A test imports what is left."""


AWS_RUNTIMES = {
    "lambda": ("manylinux2014", "3.11"),  # Amazon Linux 2: glibc 2.26
    "light": ("manylinux_2_34", "3.13"),  # Amazon Linux 2023: glibc 2.34; DuckDB's httpfs needs 2.28
    "emr": ("manylinux_2_34", "3.11"),  # emr-7 is Amazon Linux 2023; its Python 3.11 is named by module `emr_job`
}
"""The wheels and the Python of a layer's runtime in Lambda, and of EMR Serverless; those not named are of the first."""

EMR_PACKAGES = "emr/packages.zip"

GLUE_WHEELS = "glue/libs/wheels.gluewheels.zip"
"""Glue installs from a zip whose name ends like this: "Zip of wheels", in the chapter "Using Python libraries" of its
developer guide."""

GLUE_PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")
"""The wheels that run on the workers of Glue 5: Amazon Linux 2023, glibc 2.34."""

GLUE_PYTHON = "3.11"

ANSWERS_QUERIES = "api_handler"
"""The function that runs named queries, which therefore has their text."""

NEEDS_SPARK = ("glue_jobs/engines/spark/", "glue_jobs/demand_forecast/", "glue_jobs/table_maintenance/")


class Platform(StrEnum):
    """Where the layers will run."""

    HOST = "host"
    """This machine: the embedded AWS runs Lambdas as its child processes."""

    AWS = "aws"
    """AWS Lambda on arm64."""

    def uv_arguments(self, lock: str) -> list[str]:
        """Return the options of `uv pip install` that choose the wheels of a lock for the platform."""
        if self is Platform.HOST:
            return []
        wheels, python = AWS_RUNTIMES.get(lock, AWS_RUNTIMES["lambda"])
        return ["--python-platform", f"aarch64-{wheels}", "--python-version", python]

    def python(self, lock: str) -> str:
        """Return the version of the Python that reads what is installed from a lock."""
        return bytecode.RUNNING if self is Platform.HOST else AWS_RUNTIMES.get(lock, AWS_RUNTIMES["lambda"])[1]


Entry = tuple[str, Path | bytes]
"""A file of a zip: its name there, and its path on disk or its content."""


class BuildError(TerminalError):
    """An artifact could not be built. The message says which and what to do."""


def build(root: Path, platform: Platform, engine: Path | None = None) -> Path:
    """Build every artifact of the checkout `root`; returns the path of the manifest.

    `engine` is a folder with the engine of Explore, whose files are added.

    Raises BuildError when dependencies cannot be installed or the layers exceed Lambda's limit.
    """
    out = root / "build"
    files = {
        **{f"lambdas/{name}.zip": _function_files(root, name, platform) for name in function_names(root)},
        "layers/cartlake.zip": _cartlake_layer(root, platform),
        "glue/libs/cartlake.zip": _glue_library(root),
    }
    for name, entries in files.items():
        write_zip(out / name, entries, level=_level(platform) if name.startswith("layers/") else COMPRESSION)
    copied = {f"layers/{name}.zip": cached for name, cached in _cached_layers(root, platform).items()}
    copied[GLUE_WHEELS] = _cached_wheels(root)
    if platform is Platform.AWS:
        copied[EMR_PACKAGES] = _cached_zip(root, "emr", platform, _emr_packages(root))
    copied |= {f"engine/{file.name}": file for file in sorted(engine.iterdir())} if engine else {}
    for name, cached in copied.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(cached, out / name)
    for job in job_names(root):
        script = out / "glue" / "jobs" / f"{job}.py"
        script.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / "glue_jobs" / job / "main.py", script)
    # A function that was removed from the code would otherwise stay in build/ and be deployed.
    _remove_stale(out, {*files, *copied, *(f"glue/jobs/{job}.py" for job in job_names(root))})
    return _write_manifest(out, platform)


def function_names(root: Path) -> list[str]:
    """Return the names of the Lambda functions of a checkout, sorted."""
    return sorted(path.parent.name for path in (root / "lambdas").glob("*/handler.py"))


def job_names(root: Path) -> list[str]:
    """Return the names of the Glue jobs of a checkout, sorted."""
    return sorted(path.parent.name for path in (root / "glue_jobs").glob("*/main.py"))


def write_zip(path: Path, entries: Iterable[Entry], *, level: int = COMPRESSION) -> None:
    """Write files into a zip. The bytes depend on names, contents and the level of compression only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Renamed when complete, so that an interrupted build leaves no half-written zip under the final name.
    unfinished = path.with_suffix(".tmp")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, source in sorted(entries, key=lambda entry: entry[0]):
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            # Not the permissions on disk: they depend on the umask of the user.
            info.external_attr = (0o755 if name.endswith(".so") else 0o644) << 16
            archive.writestr(info, source if isinstance(source, bytes) else source.read_bytes())
    unfinished.replace(path)


def _level(platform: Platform) -> int:
    return QUICK_COMPRESSION if platform is Platform.HOST else COMPRESSION


def _function_files(root: Path, name: str, platform: Platform) -> list[Entry]:
    package = [("lambdas/__init__.py", root / "lambdas" / "__init__.py")]
    queries = _tree(root, "athena_queries") if name == ANSWERS_QUERIES else ()
    own = [*package, *_tree(root, f"lambdas/{name}"), *_tree(root, "lambdas/shared"), *queries]
    if runs_light_engine(root, name):
        return _with_bytecode([*own, *_light_code(root)], platform.python("light"))
    sources = _tree(root, "sources") if _imports(root, name, "sources") else ()
    return _with_bytecode([*own, *sources], platform.python("lambda"))


def _with_bytecode(
    files: list[tuple[str, Path]], version: str, place: Callable[[str, str], str] = bytecode.cached_path
) -> list[Entry]:
    """Add the bytecode for a Python, where the machine has that Python. `place` names it, by its source and version."""
    python = bytecode.find_python(version)
    if python is None:
        return list[Entry](files)
    sources = {name: path.read_bytes() for name, path in files if path.suffix == ".py"}
    compiled = bytecode.compile_sources(sources, python)
    return [*files, *((place(name, version), code) for name, code in compiled.items())]


def runs_light_engine(root: Path, name: str) -> bool:
    """Tell whether a function runs the light engine: whether it imports from glue_jobs."""
    return _imports(root, name, "glue_jobs")


def _imports(root: Path, function: str, package: str) -> bool:
    return any(f"from {package}" in path.read_text() for path in (root / "lambdas" / function).glob("*.py"))


def _light_code(root: Path) -> list[tuple[str, Path]]:
    jobs = _tree(root, "glue_jobs")
    return [
        *_library(root),
        *((name, path) for name, path in jobs if path.name != "main.py" and not name.startswith(NEEDS_SPARK)),
        ("glue_jobs/engines/duckdb/queries.json", compiled_queries(root)),
    ]


def _library(root: Path) -> list[tuple[str, Path]]:
    code = _tree(root, "cartlake")
    contracts = [(f"cartlake/_contracts/{path.name}", path) for path in sorted((root / "contracts").glob("*.yaml"))]
    return [*code, *contracts]


def _tree(root: Path, folder: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((root / folder).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(root).as_posix(), path


def _glue_library(root: Path) -> list[Entry]:
    """Return what Spark imports from inside a zip, where Python looks for bytecode beside the source."""
    files = [*_library(root), *_tree(root, "glue_jobs")]
    return _with_bytecode(files, GLUE_PYTHON, lambda name, _: f"{name}c")


def _cartlake_layer(root: Path, platform: Platform) -> list[Entry]:
    sources = ("cartlake/lineage/columns.json", compiled_sources(root))
    own = [(f"python/{name}", path) for name, path in (*_library(root), sources)]
    return [*_installed(root, "lambda", platform), *_with_bytecode(own, platform.python("lambda"))]


def _cached_layers(root: Path, platform: Platform) -> dict[str, Path]:
    """Return the zips of the layers that depend on lock files only, by name; the largest artifacts are made once."""
    common, light = _installed(root, "lambda", platform), _installed(root, "light", platform)
    in_first_layer = {name for name, _ in common}
    beside = {
        name: [entry for entry in _installed(root, name, platform) if entry[0] not in in_first_layer]
        for name in BESIDE_THE_FIRST
    }
    for files in beside.values():
        _check_size([*common, *files])
    _check_size([*light, *_light_code(root)])
    layers = {**beside, "light": light}
    return {name: _cached_zip(root, name, platform, files) for name, files in layers.items()}


def _emr_packages(root: Path) -> list[tuple[str, Path]]:
    """Return what Spark unpacks beside the driver and each executor: packages, importable where they lie."""
    installed = _installed(root, "emr", Platform.AWS)
    return [(name.removeprefix("python/"), path) for name, path in installed if "/tests/" not in name]


def _cached_zip(root: Path, layer: str, platform: Platform, files: list[tuple[str, Path]]) -> Path:
    cached = _cache_folder(root, layer, platform).with_suffix(".zip")
    if not cached.exists():
        write_zip(cached, files, level=_level(platform))
    return cached


def _cached_wheels(root: Path) -> Path:
    """Return the zip with the wheels of the Glue jobs, the same on every machine. It is made once per lock."""
    lock = root / "requirements" / "glue.lock"
    key = hashlib.sha256(lock.read_bytes() + "".join([*GLUE_PLATFORMS, GLUE_PYTHON]).encode()).hexdigest()[:12]
    folder = root / ".cache" / "glue" / f"wheels-{key}"
    cached = folder.with_suffix(".zip")
    if not cached.exists():
        _download_wheels(lock, folder)
        pins = folder / "requirements.txt"
        pins.write_text("\n".join(re.findall(r"^[\w.-]+==[^\s;\\]+", lock.read_text(), re.MULTILINE)) + "\n")
        write_zip(cached, [(f"wheels/{path.name}", path) for path in folder.iterdir()])
    return cached


def _download_wheels(lock: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    platforms = [option for platform in GLUE_PLATFORMS for option in ("--platform", platform)]
    python = ["--python-version", GLUE_PYTHON, "--implementation", "cp"]
    wheels = ["--only-binary", ":all:", "--no-deps", "--require-hashes", "--requirement", str(lock)]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", str(folder)]
    _run([*pip, *platforms, *python, *wheels], f"Could not download the wheels of {lock.name} for Glue")


def _run(command: list[str], failed: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"{failed}: {done.stderr.strip()}\nIs the package index reachable?"
        raise BuildError(msg)


def _check_size(entries: list[tuple[str, Path]]) -> None:
    size_mb = sum(path.stat().st_size for _, path in entries) / 1e6
    if size_mb > LAYER_LIMIT_MB:
        msg = (
            f"The Lambda layers unpack to {size_mb:.0f} MB, more than AWS's {LAYER_LIMIT_MB} MB. "
            "Take a dependency out of requirements/lambda.in, arrow.in, sftp.in, warehouses.in or light.in, then run "
            "`make lock`."
        )
        raise BuildError(msg)


def _cache_folder(root: Path, extra: str, platform: Platform) -> Path:
    locks = b"".join((root / "requirements" / f"{name}.lock").read_bytes() for name in ("lambda", extra))
    key = hashlib.sha256(locks + "".join([platform, *UNUSED_IN_LAMBDA]).encode()).hexdigest()[:12]
    form = "compiled" if bytecode.find_python(platform.python(extra)) else "source"
    return root / ".cache" / "layers" / f"{extra}-{platform}-{form}-{key}"


def _installed(root: Path, extra: str, platform: Platform) -> list[tuple[str, Path]]:
    """Return the files of one locked set of wheels, installed once per lock and platform below `.cache/layers/`."""
    target = _cache_folder(root, extra, platform)
    if not target.exists():
        _install(root / "requirements" / f"{extra}.lock", target, platform)
    files = [(path.relative_to(target).as_posix(), path) for path in sorted(target.rglob("*")) if path.is_file()]
    return [
        (f"python/{name}", path)
        for name, path in files
        if not name.startswith(UNUSED_IN_LAMBDA) and not name.endswith((".pxd", ".pyi"))
    ]


def _install(lock: Path, target: Path, platform: Platform) -> None:
    unfinished = target.with_name(target.name + ".tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    _run(install_command(lock, unfinished, platform), f"Could not install {lock.name} for {platform}")
    sources = [(path.relative_to(unfinished).as_posix(), path) for path in unfinished.rglob("*.py")]
    for name, content in _with_bytecode(sources, platform.python(lock.stem)):
        if isinstance(content, bytes):
            (unfinished / name).parent.mkdir(exist_ok=True)
            (unfinished / name).write_bytes(content)
    unfinished.rename(target)


def install_command(lock: Path, target: Path, platform: Platform) -> list[str]:
    """Return the command that installs the wheels of a lock for a platform into a folder."""
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(target)]
    wheels = ["--only-binary", ":all:", "--require-hashes", "--requirement", str(lock)]
    return [*uv, *platform.uv_arguments(lock.stem), *wheels]


def _remove_stale(out: Path, wanted: set[str]) -> None:
    for path in out.rglob("*"):
        if path.is_file() and path.relative_to(out).as_posix() not in wanted:
            path.unlink()


def _write_manifest(out: Path, platform: Platform) -> Path:
    digests = {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }
    manifest = out / "manifest.json"
    layers = ["lambda", *BESIDE_THE_FIRST, "light", *([] if platform is Platform.HOST else ["emr"])]
    uncompiled = [name for name in layers if bytecode.find_python(platform.python(name)) is None]
    content = {"platform": platform, "files": digests, "without_bytecode": uncompiled}
    manifest.write_text(json.dumps(content, indent=2) + "\n")
    return manifest


def main() -> None:
    parser = argparse.ArgumentParser(prog="cartlake_cli.build", description="Build the artifacts Terraform deploys.")
    parser.add_argument("--platform", type=Platform, choices=list(Platform), default=Platform.HOST)
    parser.add_argument("--root", type=Path, default=Path.cwd())
    arguments = parser.parse_args()
    print(build(arguments.root, arguments.platform))  # noqa: T201  # the path is this command's answer


if __name__ == "__main__":
    main()
