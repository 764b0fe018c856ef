"""Events to a lineage server that takes OpenLineage over HTTP, such as Marquez: `POST /api/v1/lineage`."""

from collections.abc import Iterable
from functools import partial
from threading import Thread
from typing import Final

import urllib3

from cartlake.errors import CartlakeError

PATH: Final = "/api/v1/lineage"
SECONDS: Final = 3.0
"""How long a server may take for the events of one run."""

_STATUS_BAD: Final = 300
_TAKEN: Final = "taken"


class LineageServerError(CartlakeError):
    """The lineage server did not take an event."""


def send(url: str, events: Iterable[str], seconds: float = SECONDS, key: str = "") -> None:
    """Post events, each a JSON object, to the server at `url`, in order, with `key` as bearer token if there is one.

    Raises LineageServerError at the first that is not taken, and when all together take longer than `seconds`.
    """
    if not url.startswith(("http://", "https://")):
        raise LineageServerError(f"{url!r} is not the address of a lineage server: it begins with http:// or https://.")
    answers: list[str] = []
    post = partial(_post_all, f"{url.rstrip('/')}{PATH}", list(events), seconds, answers, key)
    # In a thread: a server that sends its answer a byte at a time would never run into a timeout of the socket.
    sender = Thread(target=post, daemon=True)
    sender.start()
    sender.join(seconds)
    if sender.is_alive():
        raise LineageServerError(f"{url} took longer than {seconds:g} s.")
    if answers != [_TAKEN]:
        raise LineageServerError(*answers)


def _post_all(url: str, events: list[str], seconds: float, answers: list[str], key: str) -> None:
    """Post the events and add what came of it to `answers`: `_TAKEN`, or what is wrong."""
    try:
        with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(total=seconds)) as pool:
            for event in events:
                _post(pool, url, event, key)
        answers.append(_TAKEN)
    except LineageServerError as error:
        answers.append(str(error))
    except Exception as error:  # noqa: BLE001 - an error that ends a thread is seen by nobody
        answers.append(f"{url} cannot be reached: {type(error).__name__}: {error}")


def _post(pool: urllib3.PoolManager, url: str, event: str, key: str) -> None:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    answer = pool.request("POST", url, body=event.encode(), headers=headers, redirect=False)
    if answer.status >= _STATUS_BAD:
        said = answer.data.decode(errors="replace")
        # A server may answer with what it was asked, and answers are logged.
        said = (said.replace(key, "***") if key else said)[:300]
        raise LineageServerError(f"{url} answered {answer.status}: {said}")
