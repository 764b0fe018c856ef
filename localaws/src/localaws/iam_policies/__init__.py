"""IAM policies: whether a call is allowed, and which actions on which resources a call needs.

Pure: policies and calls go in, decisions come out. The extensions `iam_recording` and `iam_service_roles` use it in the
server; a project's tests can use it to compare recorded calls with its policies.
"""
