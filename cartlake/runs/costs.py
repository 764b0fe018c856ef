"""What a step costs on AWS, from its seconds and its size.

List prices of us-east-1 in USD as of 2026-11-28: https://aws.amazon.com/lambda/pricing/ (arm64),
https://aws.amazon.com/glue/pricing/ and https://aws.amazon.com/emr/pricing/ (EMR Serverless, arm64). On the embedded
AWS it is what the same step would cost there.
"""

from typing import Final

LAMBDA_GB_SECOND: Final = 0.0000133334
LAMBDA_REQUEST: Final = 0.0000002
GLUE_DPU_HOUR: Final = 0.44
EMR_VCPU_HOUR: Final = 0.042094
EMR_GB_HOUR: Final = 0.004628

GLUE_MINIMUM_SECONDS: Final = 60
"""Glue bills no job run for less."""

EMR_MINIMUM_SECONDS: Final = 60
"""EMR Serverless bills no worker for less."""


def light_cost(seconds: float, memory_mb: int) -> float:
    """Return the USD of one invocation of a function with this memory."""
    return round(LAMBDA_REQUEST + seconds * memory_mb / 1024 * LAMBDA_GB_SECOND, 8)


def spark_cost(seconds: float, dpus: float) -> float:
    """Return the USD of a Glue job run; `dpus` is the number of workers times the DPUs of each."""
    return round(max(seconds, GLUE_MINIMUM_SECONDS) / 3600 * dpus * GLUE_DPU_HOUR, 8)


def emr_cost(seconds: float, vcpus: float, memory_gb: float) -> float:
    """Return the USD of a job run on EMR Serverless whose workers together have so many vCPUs and GB of memory."""
    hours = max(seconds, EMR_MINIMUM_SECONDS) / 3600
    return round(hours * (vcpus * EMR_VCPU_HOUR + memory_gb * EMR_GB_HOUR), 8)
