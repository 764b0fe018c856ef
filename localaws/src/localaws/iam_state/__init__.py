"""What the server knows for IAM: keys of resources, policies of roles, and the log of the calls that roles make."""
