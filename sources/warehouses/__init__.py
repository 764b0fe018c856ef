"""Tables of warehouses as sources: Snowflake and Amazon Redshift."""
