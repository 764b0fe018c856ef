"""The `lake` command line and what only operators run. Lambdas and Glue jobs do not import it."""
