"""EMR Serverless: applications and Spark job runs, which the runner of Glue's jobs executes."""
