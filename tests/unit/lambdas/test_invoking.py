import json
from io import BytesIO

import pytest

from lambdas.shared import invoking


@pytest.mark.parametrize(
    ("response", "answer"),
    [({}, {"errorMessage": "not an error: the function answered it"}), ({"FunctionError": "Unhandled"}, None)],
)
def test_an_error_of_a_function_is_no_answer(monkeypatch, response, answer):
    told = answer or {"errorType": "TerminalError", "errorMessage": "no such table"}

    class Functions:
        def invoke(self, **request):
            assert request == {"FunctionName": "publisher", "Payload": b'{"a": 1}'}
            return {**response, "StatusCode": 200, "Payload": BytesIO(json.dumps(told).encode())}

    monkeypatch.setattr(invoking, "patient_client", lambda _: Functions())
    if answer:
        assert invoking.invoke("publisher", {"a": 1}) == answer
        return
    with pytest.raises(invoking.FunctionError, match="publisher failed: TerminalError: no such table"):
        invoking.invoke("publisher", {"a": 1})
