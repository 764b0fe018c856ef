import asyncio
import threading
import time

import pytest

from localaws.extensions import loop_watch


@pytest.fixture
def running():
    """Return an event loop that runs, and its thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop, thread
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def unpack_a_large_layer(seconds):
    time.sleep(seconds)


def test_a_request_that_blocks_the_others_is_logged(running, caplog):
    loop, thread = running
    loop.call_soon_threadsafe(unpack_a_large_layer, 0.5)

    waited = loop_watch.look(loop, thread, limit_seconds=0.1)

    assert waited > 0.3
    assert "all requests waited 0." in caplog.text
    assert "unpack_a_large_layer" in caplog.text


def test_an_event_loop_that_is_not_blocked_is_not_logged(running, caplog):
    loop, thread = running

    assert loop_watch.look(loop, thread, limit_seconds=1) < 1
    assert not caplog.text


def test_a_closed_event_loop_ends_the_check():
    loop = asyncio.new_event_loop()
    loop.close()

    with pytest.raises(RuntimeError):
        loop_watch.look(loop, threading.current_thread())
