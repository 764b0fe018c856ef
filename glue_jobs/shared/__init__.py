"""What the jobs have in common: arguments, objects in S3, Iceberg tables, timing and reporting."""
