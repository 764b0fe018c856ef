-- Orders since: which ones?
-- Parameters: since date.
select ? as since
