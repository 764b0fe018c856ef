create or replace view processed.addresses as select email from processed.customers
