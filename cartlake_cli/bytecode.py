"""Bytecode for the Python files of a zip: an import reads it instead of compiling the source.

Lambda runs functions from folders that it cannot write to, so what is not shipped compiled is compiled in each cold
start: half of the processor time of one. The format is that of PEP 552, with a hash of the source that an import does
not check: the source lies in the same zip.

The module needs nothing but the standard library: the Python that is to read the bytecode runs it as a program, with
pickled sources on its standard input.
"""

import importlib.util
import marshal
import pickle
import subprocess
import sys
import warnings
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import PurePosixPath

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"

UNCHECKED = (0b01).to_bytes(4, "little")
"""The flags of PEP 552: there is a hash of the source, and an import does not check it."""

MARSHAL_VERSION = 2
"""The last version whose bytes do not depend on how many references there happen to be to an object."""


class CompileError(Exception):
    """Another Python could not compile. The message has what it printed."""


@cache
def find_python(version: str) -> str | None:
    """Return the path of a Python of a version such as "3.13", or None where this machine has none."""
    if version == RUNNING:
        return sys.executable
    command = [sys.executable, "-m", "uv", "python", "find", "--no-python-downloads", version]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() if found.returncode == 0 else None


def cached_path(name: str, version: str) -> str:
    """Return where a Python of a version looks for the bytecode of the source `name`, below folders."""
    path = PurePosixPath(name)
    return str(path.parent / "__pycache__" / f"{path.stem}.cpython-{version.replace('.', '')}.pyc")


def compile_sources(sources: Mapping[str, bytes], python: str = sys.executable) -> dict[str, bytes]:
    """Return the bytecode of Python files, by the names of their sources; without files that cannot be compiled.

    The same source gives the same bytes. `python` is the path of the Python that will read them. Raises CompileError
    when it cannot be run.
    """
    if python == sys.executable:
        compiled = {name: _compile(PurePosixPath(name).name, source) for name, source in sources.items()}
        return {name: code for name, code in compiled.items() if code is not None}
    done = subprocess.run([python, "-I", __file__], input=pickle.dumps(dict(sources)), capture_output=True, check=False)
    if done.returncode:
        raise CompileError(f"{python} could not compile: {done.stderr.decode(errors='replace').strip()}")
    answer: dict[str, bytes] = pickle.loads(done.stdout)  # noqa: S301 - from the child process
    return answer


@lru_cache(maxsize=1024)  # zips have files in common
def _compile(name: str, source: bytes) -> bytes | None:
    """Return the bytecode of one file, or None: packages carry templates, and code for other versions of Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other people's code
            code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError):
        return None
    header = importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(source)
    return header + marshal.dumps(code, MARSHAL_VERSION)


if __name__ == "__main__":
    sys.stdout.buffer.write(pickle.dumps(compile_sources(pickle.load(sys.stdin.buffer))))  # noqa: S301
