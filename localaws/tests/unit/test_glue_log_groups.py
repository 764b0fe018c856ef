"""Jobs log where Glue 5 logs."""

import pytest

from localaws.extensions.glue.spark import log_folder


@pytest.mark.parametrize(
    ("job", "folder"),
    [
        ({"Role": "arn:aws:iam::000000000000:role/etl"}, "/aws-glue/jobs"),
        ({"Role": "etl", "SecurityConfiguration": "lake"}, "/aws-glue/jobs/lake-role/etl"),
        ({"Role": "arn:aws:iam::0:role/data/etl", "SecurityConfiguration": "lake"}, "/aws-glue/jobs/lake-role/etl"),
    ],
)
def test_a_job_with_a_security_configuration_has_log_groups_of_its_own(job, folder):
    assert log_folder(job) == folder
