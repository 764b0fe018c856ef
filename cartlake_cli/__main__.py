"""`python -m cartlake_cli` is `lake`."""

from cartlake_cli.main import run

run()
