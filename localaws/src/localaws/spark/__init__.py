"""Spark as Glue runs it, on a laptop: the jars, the settings of a session, and the runner of Glue jobs."""
