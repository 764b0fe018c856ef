"""Which stores are logged: those of services that were imported, whenever that was."""

from __future__ import annotations

import sys
import threading
import types
from importlib.machinery import ModuleSpec

import pytest
from ministack.core.responses import AccountRegionScopedDict

from localaws.state.stores import Place, Stores

NAME = "ministack.services.ssm"


@pytest.fixture
def service(monkeypatch):
    """The module of a service as the interpreter has it while it is imported: it is in `sys.modules`, and not whole."""
    module = types.ModuleType(NAME)
    module.__spec__ = ModuleSpec(NAME, None)
    module.__spec__._initializing = True
    monkeypatch.setitem(sys.modules, NAME, module)
    return module


def finish(module):
    module._parameters = AccountRegionScopedDict()
    module.get_state = lambda: {"parameters": module._parameters}
    module.__spec__._initializing = False
    return module._parameters


def test_a_service_that_was_looked_for_in_the_middle_of_its_import_is_found_after_it(service):
    stores = Stores()
    assert "ssm" not in {place.service for _, place in stores.all()}

    parameters = finish(service)  # no module is added from here on

    assert stores.place(parameters) == Place("ssm", "parameters")


def test_a_second_thread_waits_for_the_stores_that_the_first_one_adds(service):
    parameters = finish(service)
    reading, go_on = threading.Event(), threading.Event()

    def get_state():
        reading.set()
        assert go_on.wait(10)
        return {"parameters": parameters}

    service.get_state = get_state
    stores, found = Stores(), []
    first = threading.Thread(target=lambda: found.append(stores.place(parameters)))
    first.start()
    assert reading.wait(10)
    second = threading.Thread(target=lambda: found.append(stores.place(parameters)))
    second.start()
    second.join(0.2)
    go_on.set()
    first.join(10)
    second.join(10)

    assert found == [Place("ssm", "parameters")] * 2
