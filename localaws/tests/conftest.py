import os
from pathlib import Path

from hypothesis import settings

# What `make setup` downloaded, unless the one who runs the tests says otherwise.
os.environ.setdefault("LOCALAWS_CACHE", str(Path(__file__).resolve().parents[2] / ".cache"))

# The same examples in every run, so that a failure is of the change at hand.
settings.register_profile("steady", derandomize=True)
settings.load_profile("steady")
