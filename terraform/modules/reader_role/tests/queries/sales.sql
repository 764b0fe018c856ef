-- Sales of each day.
select * from curated.sales_by_day
