"""CloudWatch: metrics of services, and alarms that are evaluated as on AWS."""
