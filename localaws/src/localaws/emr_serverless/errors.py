"""The errors of EMR Serverless, by the service model of botocore: code, HTTP status, message."""

from __future__ import annotations

from localaws.errors import TerminalError


class EmrServerlessError(TerminalError):
    """An error that the API answers. `status` is its HTTP status."""

    code = "ValidationException"
    status = 400


class InvalidError(EmrServerlessError):
    """The request is not valid, or not in the present state of what it names."""


class MissingError(EmrServerlessError):
    """The application or job run does not exist."""

    code = "ResourceNotFoundException"
    status = 404


class ConflictError(EmrServerlessError):
    """The client token was used for another request, or the application cannot take a job run."""

    code = "ConflictException"
    status = 409
