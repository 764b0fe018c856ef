"""Glue PySpark jobs, one folder for each with its entry point `main.py`; the transforms and engines they share."""
