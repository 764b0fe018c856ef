from hypothesis import settings

# The same examples in every run, so that a failure is of the change at hand.
settings.register_profile("steady", derandomize=True)
settings.load_profile("steady")
