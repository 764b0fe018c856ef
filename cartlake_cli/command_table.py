"""Every command of `lake`: where it is defined, and its one line in `lake --help`.

A command's module is imported when it is called, not to print the help. A test compares the lines with the docstrings.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: its module has a function `register(app)` that adds it to an application."""

    module: str
    help: str


COMMANDS: Final[dict[str, Entry]] = {
    "up": Entry(
        "cartlake_cli.commands.local.up",
        "Start the embedded AWS, build the artifacts, apply terraform/environments/local, create the tables.",
    ),
    "plan": Entry(
        "cartlake_cli.commands.lake.plan",
        "Describe a Terraform plan in Markdown: resources, contracts, rights and cost.",
    ),
    "deploy": Entry(
        "cartlake_cli.commands.lake.deploy",
        "Deploy this checkout and run the smoke test; on a fault, bring the previous release back. Exits with 1 then.",
    ),
    "down": Entry(
        "cartlake_cli.commands.local.commands",
        "Stop the embedded AWS once its state is saved, and Kafka where it runs. `lake up` brings it back as it was.",
    ),
    "demo": Entry(
        "cartlake_cli.commands.lake.demo",
        "Start the lake, load a week of a shop's files with known errors, check every row, query the marts.",
    ),
    "status": Entry(
        "cartlake_cli.commands.runs.status",
        "Count files by state, show running runs, and count files not in the ledger and messages not handled.",
    ),
    "drop": Entry("cartlake_cli.commands.runs.drop", "Upload files to the raw zone. The lake loads them by itself."),
    "sources": Entry(
        "cartlake_cli.commands.runs.sources",
        "List the sources that the lake can read by itself, how far each was read, and why a sync failed.",
    ),
    "sync": Entry(
        "cartlake_cli.commands.runs.sources",
        "Read a source now: what was modified since the last sync becomes files in the raw zone.",
    ),
    "streams": Entry(
        "cartlake_cli.commands.runs.streams",
        "List topics of Kafka and how far each was read; of one topic, hold its offsets against rows.",
    ),
    "stream": Entry(
        "cartlake_cli.commands.runs.streams",
        "Read a topic of Kafka now: what is new in it becomes files in the raw zone.",
    ),
    "files": Entry(
        "cartlake_cli.commands.runs.status", "List files with their state and, where they were not loaded, the reason."
    ),
    "runs": Entry("cartlake_cli.commands.runs.runs", "List runs, newest first."),
    "run": Entry("cartlake_cli.commands.runs.runs", "Show one run."),
    "quarantine": Entry(
        "cartlake_cli.commands.runs.quarantine", "Show and replay quarantined rows, rejected files and failed files."
    ),
    "query": Entry(
        "cartlake_cli.commands.tables.query", "Run a named query (`lake queries` lists them) or SQL and print its rows."
    ),
    "queries": Entry(
        "cartlake_cli.commands.tables.query", "List the named queries analysts see in the Athena console."
    ),
    "roles": Entry(
        "cartlake_cli.commands.lake.roles",
        "Show which role reads which tables, by the contracts, and how to assume it.",
    ),
    "dashboard": Entry(
        "cartlake_cli.commands.lake.dashboard",
        "Show sales, funnel, customers, products and the state of the data in a browser, until Ctrl-C.",
    ),
    "api": Entry("cartlake_cli.commands.lake.api", "Print where the HTTP API is, or its description in OpenAPI 3.1."),
    "history": Entry(
        "cartlake_cli.commands.tables.history",
        "List the versions of a table that readers saw, newest first, and which run wrote each.",
    ),
    "diff": Entry(
        "cartlake_cli.commands.tables.history",
        "Compare two versions of a table by its primary key: rows added, changed and removed, with examples.",
    ),
    "rollback": Entry(
        "cartlake_cli.commands.tables.history",
        "Roll a table back to an earlier version, in one commit. Nothing is deleted, so it can be undone.",
    ),
    "export": Entry(
        "cartlake_cli.commands.tables.export",
        "Write rows of a table to S3 as Parquet or CSV files, and then a manifest of these files.",
    ),
    "lineage": Entry(
        "cartlake_cli.commands.tables.lineage",
        "Show where a column comes from and what it feeds; send events to a lineage server again.",
    ),
    "register": Entry(
        "cartlake_cli.commands.tables.register",
        "Print the location of a table's current metadata, and the SQL with which another platform reads it.",
    ),
    "duckdb": Entry(
        "cartlake_cli.commands.tables.duckdb",
        "Print SQL that attaches a local DuckDB to the catalog: each query reads the newest version of a table.",
    ),
    "crawl": Entry(
        "cartlake_cli.commands.tables.crawl",
        "Crawl the raw files now, wait for the end, and show the tables and partitions found.",
    ),
    "backfill": Entry(
        "cartlake_cli.commands.runs.backfill",
        "Load the files received on some days again, by today's contract, in slices of whole days, newest first.",
    ),
    "recompute": Entry(
        "cartlake_cli.commands.runs.recompute",
        "Rebuild tables from scratch, and all tables built from them. With --check only report what differs.",
    ),
    "sweep": Entry(
        "cartlake_cli.commands.runs.sweep",
        "Find what was forgotten: files not in the ledger, runs without an execution. Have it loaded.",
    ),
    "redrive": Entry(
        "cartlake_cli.commands.runs.redrive",
        "Send the messages of a dead-letter queue again. Each is deleted only after it was sent.",
    ),
    "tables": Entry(
        "cartlake_cli.commands.tables.tables", "Create, change and repair the tables and views of the contracts."
    ),
    "restore": Entry(
        "cartlake_cli.commands.lake.restore",
        "Register lost Iceberg tables again from their files, and restore the ledger. Shows the plan without --yes.",
    ),
    "forget": Entry(
        "cartlake_cli.commands.lake.forget",
        "Erase a person: raw files, tables, quarantine, exports, query results, notes and old versions. Asks first.",
    ),
    "contracts": Entry("cartlake_cli.commands.contracts.contracts", "Check and show data contracts."),
    "health": Entry(
        "cartlake_cli.commands.maintenance.health",
        "Show the state of tables: freshness, files, deletes, versions, quarantine, and what maintenance would do.",
    ),
    "monitor": Entry(
        "cartlake_cli.commands.maintenance.monitor",
        "Compare freshness, rows and refused rows with the contracts and the 28 days before, as Markdown.",
    ),
    "forecast": Entry(
        "cartlake_cli.commands.lake.forecast",
        "Forecast demand for 28 days, measure price elasticities, and say what a change of price would do.",
    ),
    "maintain": Entry(
        "cartlake_cli.commands.maintenance.maintain",
        "Compact small files, remove deleted rows, expire old versions, delete orphan files, where it is needed.",
    ),
    "generate": Entry(
        "cartlake_cli.commands.lake.generate",
        "Write realistic files with known errors, and manifest.json: what is in them and the expected result.",
    ),
    "produce": Entry(
        "cartlake_cli.commands.runs.produce",
        "Send orders or clicks of a generated world to a topic of Kafka, as fast as they happened or faster.",
    ),
    "logs": Entry("cartlake_cli.commands.local.commands", "Print what a part of the lake logged."),
    "env": Entry(
        "cartlake_cli.commands.local.commands",
        'Print the variables that point any AWS client at the embedded AWS: eval "$(lake env)".',
    ),
    "doctor": Entry(
        "cartlake_cli.commands.lake.doctor",
        "Check this machine, and the AWS account before and after the first apply. Exits with 1 if a check fails.",
    ),
    "smoke": Entry(
        "cartlake_cli.commands.lake.smoke",
        "Drop small files, wait for their rows, ask views and queries, remove all of it. Prints a page of Markdown.",
    ),
    "metrics": Entry(
        "cartlake_cli.commands.maintenance.metrics",
        "Print files, tables, runs, rows and costs as metrics, or a Grafana dashboard that shows them.",
    ),
    "mcp": Entry(
        "cartlake_cli.commands.lake.mcp",
        "Answer an assistant over standard input and output: tables, named queries, SQL that only reads.",
    ),
    "cost": Entry(
        "cartlake_cli.commands.lake.cost",
        "Show what the lake cost by list prices: by item, run, dataset, query or day.",
    ),
    "build": Entry(
        "cartlake_cli.commands.lake.artifacts",
        "Build Lambda zips and layers and the Glue library into build/; the same input gives the same bytes.",
    ),
}


class LazyGroup(TyperGroup):
    """Imports a command when it is called or completed, and prints the help from the table."""

    _printing_help = False

    def list_commands(self, _ctx: Any) -> list[str]:
        """Return the names of all commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        """Return a command by its name, None if there is none."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if self._printing_help:
            return TyperCommand(cmd_name, help=entry.help)
        return load(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Print the help without importing any command."""
        self._printing_help = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._printing_help = False


def load(name: str) -> Any:
    """Import the module of a command; returns the command. Raises KeyError for an unknown name."""
    app = typer.Typer()
    import_module(COMMANDS[name].module).register(app)
    # Typer makes an application of one command into that command; with a callback it stays a group.
    app.callback()(lambda: None)
    group: Any = typer.main.get_command(app)
    return group.commands[name]
