"""Glue PySpark jobs: one folder a job, `main.py` reads and writes, `transforms.py` holds the rules."""
