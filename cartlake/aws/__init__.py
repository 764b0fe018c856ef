"""boto3 clients and AWS error classes."""
