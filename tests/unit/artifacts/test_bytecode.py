"""Bytecode in zips: the same bytes everywhere, read by an import, made by the Python that will read it."""

import os
import subprocess
import sys
import zipfile

import pytest

from cartlake_cli.bytecode import RUNNING, CompileError, cached_path, compile_sources, find_python

SOURCE = b'KINDS = {"a", "b", "c"}\n\n\ndef known(kind):\n    return kind in {"x", "y", "z", "kind"}\n'

COMPILED_FILES = """
import sys
compiled = []
sys.addaudithook(lambda event, args: compiled.append(args[1]) if event == "compile" else None)
"""


@pytest.fixture
def another_python(tmp_path):
    """The path of a Python that is not the one running, though of its version."""
    path = tmp_path / "another_python"
    path.symlink_to(os.path.realpath(sys.executable))
    return str(path)


def imported(folder, module):
    """What a Python that looks for modules in `folder` alone compiled to import one."""
    code = f"{COMPILED_FILES}sys.path.insert(0, {str(folder)!r})\nimport {module}\nprint(compiled)"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_an_import_reads_it_instead_of_compiling(tmp_path):
    (tmp_path / "kinds.py").write_bytes(SOURCE)
    assert "kinds.py" in imported(tmp_path, "kinds")

    [(name, code)] = compile_sources({"kinds.py": SOURCE}).items()
    compiled = tmp_path / cached_path(name, RUNNING)
    compiled.parent.mkdir()
    compiled.write_bytes(code)

    assert imported(tmp_path, "kinds").strip() == "[]"


def test_an_import_from_inside_a_zip_reads_it_beside_the_source(tmp_path):
    with zipfile.ZipFile(tmp_path / "library.zip", "w") as library:
        library.writestr("kinds.py", SOURCE)
        library.writestr("kinds.pyc", compile_sources({"kinds.py": SOURCE})["kinds.py"])

    assert imported(tmp_path / "library.zip", "kinds").strip() == "[]"


@pytest.mark.parametrize("seed", ["1", "2"])
def test_its_bytes_depend_on_the_source_alone(seed):
    program = "import sys; from cartlake_cli.bytecode import compile_sources; sys.stdout.buffer.write("
    program += f"compile_sources({{'pkg/kinds.py': {SOURCE!r}}})['pkg/kinds.py'])"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, env=os.environ | {"PYTHONHASHSEED": seed}
    )

    assert done.stdout == compile_sources({"kinds.py": SOURCE})["kinds.py"]


def test_another_python_compiles_for_itself(another_python):
    assert compile_sources({"a/kinds.py": SOURCE}, another_python) == compile_sources({"a/kinds.py": SOURCE})


def test_a_file_that_is_no_code_for_this_python_is_left_out():
    sources = {"template.py": b"class {{ name }}:\n", "old.py": b"print 'x'\n", "nul.py": b"\0", "good.py": b""}

    assert compile_sources(sources).keys() == {"good.py"}


def test_a_python_that_cannot_compile_is_named_with_what_it_said(tmp_path):
    broken = tmp_path / "broken_python"
    broken.write_text("#!/bin/sh\necho 'no such version' >&2\nexit 127\n")
    broken.chmod(0o755)

    with pytest.raises(CompileError, match=r"broken_python could not compile: no such version"):
        compile_sources({"a.py": b""}, str(broken))


def test_a_python_that_the_machine_does_not_have_is_none():
    assert (find_python(RUNNING), find_python("3.2")) == (sys.executable, None)
