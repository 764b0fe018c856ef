"""S3: events, listing, reading and uploads as on AWS."""
