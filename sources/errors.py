"""What goes wrong when a source is read. Nothing is lost then: the next sync goes on where this one ended."""

from cartlake.errors import TerminalError, TransientError


class SourceUnavailableError(TransientError):
    """A source did not answer, or not with what was asked for, at every try."""


class CredentialsError(TerminalError):
    """A source refuses the credentials, or there are none."""


class SchemaChangedError(TerminalError):
    """A source has not what its contract has, or answers in another form than it did."""


class RefusedRequestError(TerminalError):
    """A source refuses a request that no retry will make better."""


class ClockError(TerminalError):
    """The clock of a source is before the newest row that was read."""


class UnknownSourceError(TerminalError):
    """There is no source of this name, or it is not enabled."""


class HostKeyError(TerminalError):
    """A server shows a host key that the lake's settings do not name."""


class UnknownTopicError(TerminalError):
    """There is no topic of this name, or the credentials may not see it."""
