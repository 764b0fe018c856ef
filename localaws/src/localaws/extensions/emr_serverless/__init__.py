"""EMR Serverless, a service that MiniStack does not have."""
