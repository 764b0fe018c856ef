{{ config(
    unique_key=['product_id', 'updated_at'],
    merge_update_condition='DBT_INTERNAL_SOURCE.updated_at >= DBT_INTERNAL_DEST.updated_at'
) }}
{{ newest_new(ref('stg_products'), ['product_id', 'updated_at'], 'updated_at', ['product_id', 'updated_at', 'list_price', 'unit_cost']) }}
