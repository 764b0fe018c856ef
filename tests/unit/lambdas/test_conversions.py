"""Commands that make files which the lake reads: those whose programs are here are run."""

import gzip
import shlex
import shutil
import subprocess
import zipfile

import duckdb
import pytest

from lambdas.file_validator.content.conversions import conversion
from lambdas.file_validator.domain import Candidate, Misplaced, locate

TEXT = b"a,b\n1,2\n"


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("orders.xlsx", "duckdb -c 'install excel; load excel; copy (from read_xlsx("),
        ("ORDERS.XLSX", "duckdb -c "),
        ("orders.xls", "libreoffice --headless --convert-to csv orders.xls"),
        ("orders.ods", "libreoffice --headless --convert-to csv orders.ods"),
        ("orders.csv.zip", "unzip -p orders.csv.zip | gzip > orders.csv.gz"),
        ("orders.zip", "unzip orders.zip"),
        ("orders.csv.zst", "zstd -dc orders.csv.zst | gzip > orders.csv.gz"),
        ("orders.jsonl.zst", "zstd -dc orders.jsonl.zst | gzip > orders.jsonl.gz"),
        ("orders.json.bz2", "bzip2 -dc orders.json.bz2 | gzip > orders.json.gz"),
        ("my orders.csv.xz", "xz -dc 'my orders.csv.xz' | gzip > 'my orders.csv.gz'"),
        ("it's.csv.zst", """zstd -dc 'it'"'"'s.csv.zst' | gzip > 'it'"'"'s.csv.gz'"""),
        ("orders.parquet.gz", "gunzip orders.parquet.gz"),
        ("orders.parquet.zst", "zstd -d orders.parquet.zst"),
        ("orders.tar.gz", "tar -xf orders.tar.gz"),
        ("orders.tsv", "mv orders.tsv orders.csv"),
        ("orders.csv.GZ", "mv orders.csv.GZ orders.csv.gz"),
        ("orders.avro", "duckdb -c "),
    ],
)
def test_the_refusal_names_the_command(name, command):
    refused = locate(f"incoming/orders/{name}", 1, {"orders"})

    assert isinstance(refused, Misplaced)
    assert command in refused.rejection.message
    assert "`, and drop that." in refused.rejection.message


def test_what_no_command_is_known_for_is_refused_all_the_same():
    assert conversion("orders.exe") is None
    assert "Convert or rename" in locate("incoming/orders/orders.exe", 1, {"orders"}).rejection.message


def _zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("whatever.csv", TEXT)


def _compressed(program):
    def write(path):
        path.write_bytes(subprocess.run([program, "-c"], input=TEXT, capture_output=True, check=True).stdout)

    return write


@pytest.mark.parametrize(
    ("name", "program", "write"),
    [
        ("my orders.csv.zip", "unzip", _zip),
        ("orders.csv.zst", "zstd", _compressed("zstd")),
        ("it's.csv.xz", "xz", _compressed("xz")),
        ("orders.csv.bz2", "bzip2", _compressed("bzip2")),
    ],
)
def test_what_the_command_makes_is_taken(tmp_path, name, program, write):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    write(tmp_path / name)

    subprocess.run(conversion(name), shell=True, cwd=tmp_path, check=True)

    [made] = [path for path in tmp_path.iterdir() if path.name != name]
    assert gzip.decompress(made.read_bytes()) == TEXT
    assert isinstance(locate(f"incoming/orders/{made.name}", 1, {"orders"}), Candidate)


def test_the_statement_for_workbooks_is_one_that_duckdb_reads():
    command = conversion("it's one.xlsx")
    assert command.startswith("duckdb -c ")
    [_, _, statement] = shlex.split(command)

    assert len(duckdb.extract_statements(statement)) == 3
