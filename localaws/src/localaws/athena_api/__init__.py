"""Athena's API in MiniStack, on the engine of `localaws.athena`. `extensions/athena_engine.py` puts it in place."""
