"""Runs Glue jobs with local Spark: jars, session settings, workers."""
