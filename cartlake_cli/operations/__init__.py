"""Operations on data and files: replay, backfill, exports, crawls, registration."""
