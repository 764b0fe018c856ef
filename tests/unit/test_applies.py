import pytest

from benchmarks.applies import Round, watched_lines

REPEATED = (
    "2026-11-28 18:22:20 WARNING [localaws.repeated] repeated request: CreateRole, attempt 2 of invocation 5: answered"
)
WAITED = "2026-11-28 18:22:20 WARNING [localaws.loop] all requests waited 1.5 s for: handle_request (s3.py:10)"
LOG = f"2026-11-28 18:22:19 INFO [lambda] Lambda function created\n{WAITED}\n{REPEATED}\n"


@pytest.mark.parametrize(
    ("log", "error", "is_clean"),
    [
        pytest.param("", "", True, id="nothing happened"),
        pytest.param(WAITED, "", True, id="a slow request is shown, no more"),
        pytest.param(LOG, "", False, id="one request was repeated"),
        pytest.param("", "`terraform apply` failed", False, id="Terraform failed"),
    ],
)
def test_a_round_is_clean_without_failures_and_repeated_requests(log, error, is_clean):
    assert Round(100.0, 100.0, watched_lines(log), error).is_clean is is_clean


def test_lines_of_other_things_are_not_shown():
    assert watched_lines(LOG) == [WAITED, REPEATED]
