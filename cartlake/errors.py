"""The errors every part of Cartlake raises: one base, and whether trying again can help.

Queues, state machines and the command line decide by class alone: a `TransientError` is retried, a `TerminalError`
goes to a person.
"""


class CartlakeError(Exception):
    """Base of every error that Cartlake raises on purpose."""


class TransientError(CartlakeError):
    """The same call may succeed later: a throttle, a lost connection, a lock held by another run."""


class TerminalError(CartlakeError):
    """Trying again cannot help: bad input, a broken contract, a missing permission."""
