create or replace view curated.sales_by_day as select * from curated.sales_daily
