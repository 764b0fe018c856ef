{{ config(
    unique_key=['customer_id', 'updated_at'],
    merge_update_condition='DBT_INTERNAL_SOURCE.updated_at >= DBT_INTERNAL_DEST.updated_at'
) }}
{{ newest_new(ref('stg_customers'), ['customer_id', 'updated_at'], 'updated_at', ['customer_id', 'updated_at', 'registered_at']) }}
