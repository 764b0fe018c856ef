"""The arguments every job gets from `job_starter`. Glue adds arguments of its own, which are ignored."""

import argparse


def job_parser(job: str) -> argparse.ArgumentParser:
    """Return a parser of the common arguments; use `parse_known_args`, because Glue passes more than ours."""
    parser = argparse.ArgumentParser(prog=job, allow_abbrev=False)
    parser.add_argument("--run_id", required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--report_uri", required=True, help="s3:// URI the report is written to")
    parser.add_argument("--task_token", help="Step Functions task token, sent back with the job's result")
    parser.add_argument("--catalog", default="glue_catalog", help="Spark catalog of the Iceberg tables")
    parser.add_argument("--database_prefix", default="", help="prefix of this environment's Glue databases")
    parser.add_argument("--dpus", type=float, default=2, help="DPUs of the job, for what a run costs")
    return parser
