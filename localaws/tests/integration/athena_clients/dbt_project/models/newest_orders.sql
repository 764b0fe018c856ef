{{ config(materialized='table', table_type='iceberg', format='parquet') }}

select order_id, status, amount, cast(updated_at as timestamp(6)) as updated_at
from (
    select *, row_number() over (partition by order_id order by updated_at desc) as place
    from {{ ref('raw_orders') }}
)
where place = 1
{% if var('newer', false) %}
union all
select 4, 'paid', decimal '7.25', timestamp '2024-01-04 08:00:00.000000'
{% endif %}
