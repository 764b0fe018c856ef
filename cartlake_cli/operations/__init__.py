"""What commands do: replay, backfill, recompute, exports, crawls, changes of tables, status and health."""
