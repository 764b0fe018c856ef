"""What can be wrong with a task that uses the lake."""


class LakeError(Exception):
    """The lake could not be asked, or did not do what was asked. A retry of the task may help."""


class BadTaskError(LakeError):
    """The task or its settings are wrong. A retry cannot help."""
