"""INSERT, UPDATE, DELETE, MERGE, OPTIMIZE and VACUUM of Iceberg tables, and INSERT into Hive tables."""
