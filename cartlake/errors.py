"""The base classes of Cartlake's errors: they tell whether a retry can help.

Queues, state machines and the command line decide by class alone: a `TransientError` is retried, a `TerminalError`
is reported and needs a correction.
"""


class CartlakeError(Exception):
    """Base of every error that Cartlake raises on purpose."""


class TransientError(CartlakeError):
    """The same call may succeed later: a throttle, a lost connection, a lock held by another run."""


class TerminalError(CartlakeError):
    """A retry cannot help: bad input, an invalid contract, a missing permission."""
