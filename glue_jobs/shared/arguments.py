"""The arguments every job gets from `job_starter`, on whatever runs Spark, as `--name value`.

Glue adds arguments of its own, which are ignored. `awsglue.utils.getResolvedOptions` is not used: only Glue has it.
"""

import argparse

from cartlake.runs.costs import emr_cost, spark_cost


def job_parser(job: str) -> argparse.ArgumentParser:
    """Return a parser of the common arguments; use `parse_known_args`, because Glue passes more than ours."""
    parser = argparse.ArgumentParser(prog=job, allow_abbrev=False)
    parser.add_argument("--run_id", required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--report_uri", required=True, help="s3:// URI the report is written to")
    parser.add_argument("--task_token", help="Step Functions task token, sent back with the job's result")
    parser.add_argument("--catalog", default="glue_catalog", help="Spark catalog of the Iceberg tables")
    parser.add_argument("--database_prefix", default="", help="prefix of this environment's Glue databases")
    parser.add_argument("--dpus", type=float, default=2, help="DPUs of the job on Glue, for what a run costs")
    parser.add_argument("--vcpus", type=float, help="vCPUs of all workers on EMR Serverless; none on Glue")
    parser.add_argument("--memory_gb", type=float, default=0, help="GB of all workers on EMR Serverless")
    return parser


def run_cost(args: argparse.Namespace, seconds: float) -> float:
    """Return the USD of a run of so many seconds, on the workers that the arguments tell: all of them, all the time."""
    if args.vcpus is None:
        return spark_cost(seconds, args.dpus)
    return emr_cost(seconds, args.vcpus, args.memory_gb)
