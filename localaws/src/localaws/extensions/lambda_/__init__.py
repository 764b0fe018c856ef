"""Lambda: isolation, layers, errors and asynchronous calls as on AWS."""
