{{ config(
    materialized='incremental', incremental_strategy='merge', unique_key='status', table_type='iceberg', format='parquet'
) }}

select status, count(*) as orders, sum(amount) as amount
from {{ ref('newest_orders') }}
group by status
