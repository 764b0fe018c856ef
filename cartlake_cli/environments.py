"""The environments of a lake, each with a root in terraform/environments/."""

from typing import Final

LOCAL: Final = "local"
"""The embedded AWS of a checkout."""

ENVIRONMENTS: Final = (LOCAL, "dev", "staging", "prod")
