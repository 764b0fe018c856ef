import os
from pathlib import Path

from hypothesis import HealthCheck, settings

# What `make setup` downloaded, unless the one who runs the tests says otherwise.
os.environ.setdefault("LOCALAWS_CACHE", str(Path(__file__).resolve().parents[2] / ".cache"))

# The same examples in every run: a failure is of the change at hand. No time is asserted: a machine may be busy.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")
