"""What several functions need: the entry point's wrapping, our events, JSON objects in S3, counting."""
