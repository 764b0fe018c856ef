"""Applies a contract to a table of the tests' Hadoop catalog, as `lake tables apply` does to one in Glue."""

import re
import shutil
from pathlib import Path

from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.serializers import FromInputFile, ToOutputFile
from pyiceberg.table import Table
from pyiceberg.table.update import update_table_metadata

from cartlake import contracts
from cartlake_cli.migrations.commit import evolve

CONTRACTS = Path(__file__).parents[2] / "contracts"


class HadoopCatalog:
    """Only what a commit needs: `v3.metadata.json` follows `v2.metadata.json`, and a hint says which is current."""

    def __init__(self, warehouse):
        self.warehouse, self.io = warehouse, PyArrowFileIO()

    def load_table(self, name):
        location = self._file(name, self._version(name)).as_uri()
        metadata = FromInputFile.table_metadata(self.io.new_input(location))
        return Table(tuple(name.split(".")), metadata, location, self.io, self)

    def commit_table(self, table, requirements, updates):
        name = ".".join(table.name())
        current = self.load_table(name)
        for requirement in requirements:
            requirement.validate(current.metadata)
        changed = update_table_metadata(current.metadata, updates, metadata_location=current.metadata_location)
        version = self._version(name) + 1
        ToOutputFile.table_metadata(changed, self.io.new_output(self._file(name, version).as_uri()))
        (self._folder(name) / "version-hint.text").write_text(str(version))
        (self._folder(name) / ".version-hint.text.crc").unlink(missing_ok=True)

    def _folder(self, name):
        return self.warehouse / name.replace(".", "/") / "metadata"

    def _file(self, name, version):
        return self._folder(name) / f"v{version}.metadata.json"

    def _version(self, name):
        found = (re.fullmatch(r"v(\d+)\.metadata\.json", path.name) for path in self._folder(name).iterdir())
        return max(int(match[1]) for match in found if match)


class Evolution:
    """The contracts of the checkout, one of them edited, and its table made what it then says."""

    def __init__(self, spark, warehouse, folder, monkeypatch):
        self.spark, self.warehouse, self.folder, self.monkeypatch = spark, warehouse, folder, monkeypatch
        shutil.copytree(CONTRACTS, folder, dirs_exist_ok=True)

    def edit(self, dataset, edit):
        path = self.folder / f"{dataset}.odcs.yaml"
        path.write_text(edit(path.read_text()).replace("version: 1.0.0", "version: 2.0.0", 1))
        self.monkeypatch.setenv("CARTLAKE_CONTRACTS_DIR", str(self.folder))
        table = contracts.load(dataset).table
        evolve(HadoopCatalog(self.warehouse).load_table(table.physical_name), table)
        self.spark.catalog.refreshTable(f"glue_catalog.{table.physical_name}")
        return table


def without(text, column):
    """The contract without a column, whose property is the text up to the next one."""
    return re.sub(rf"      - name: {column}\n(?:        .*\n)+", "", text, count=1)


def renamed(text, old, new):
    """The contract with a column under a new name wherever it is named, and its old one on record."""
    text = re.sub(rf"\b{old}\b", new, text)
    former = f"        customProperties:\n          - property: cartlake.renamedFrom\n            value: {old}\n"
    start = text.index(f"      - name: {new}\n")
    end = text.index("\n      - name: ", start + 1)
    block = text[start:end] + "\n"
    own = "        customProperties:\n"
    block = block.replace(own, former, 1) if own in block else block + former
    return text[:start] + block.rstrip("\n") + text[end:]
