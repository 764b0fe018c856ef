"""Rules of a contract, compiled: about rows, and about tables."""
