-- Orders by day: one row per day.
-- Owner: tests.
select 1 as one
