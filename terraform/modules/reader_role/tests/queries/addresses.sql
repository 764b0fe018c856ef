-- Addresses of customers.
select email from processed.customers
