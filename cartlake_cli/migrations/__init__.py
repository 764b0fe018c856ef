"""Creating, changing and repairing Iceberg tables so that they match their contracts."""
