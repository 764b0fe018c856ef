"""Glue: jobs that run on Spark, crawlers that find tables, table versions, events."""
