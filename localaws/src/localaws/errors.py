"""The errors that localaws raises on purpose: a base class, and whether a retry can help."""


class LocalAwsError(Exception):
    """Base of every error that localaws raises on purpose."""


class TransientError(LocalAwsError):
    """The same call may succeed later: a file that could not be downloaded, a process that ended."""


class TerminalError(LocalAwsError):
    """A retry cannot help: bad input, a port in use, a missing Java."""
