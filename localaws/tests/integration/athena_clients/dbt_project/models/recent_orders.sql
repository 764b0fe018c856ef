{{ config(materialized='view') }}

select * from {{ ref('newest_orders') }} where updated_at >= timestamp '2024-01-03'
