import json

import pytest

from cartlake_cli.context import local_variables
from cartlake_cli.errors import NotReadyError


def test_clients_are_pointed_at_the_kept_port_even_when_it_is_down(tmp_path):
    (tmp_path / ".lake").mkdir()
    known = {"port": 20_001, "pid": 1, "endpoint": "http://127.0.0.1:20001"}
    (tmp_path / ".lake" / "server.json").write_text(json.dumps(known))

    assert local_variables(tmp_path) == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:20001",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def test_clients_of_a_server_that_never_was_are_told_to_start_it(tmp_path):
    with pytest.raises(NotReadyError, match="lake up"):
        local_variables(tmp_path)
