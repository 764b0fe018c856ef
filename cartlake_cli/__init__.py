"""The `lake` command line and the modules only operators run. It imports `cartlake`; nothing that ships imports it."""
