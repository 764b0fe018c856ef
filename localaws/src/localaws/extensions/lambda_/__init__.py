"""Lambda: isolation, layers, errors and asynchronous invocations as on AWS."""
