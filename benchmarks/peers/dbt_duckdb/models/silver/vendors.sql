{{ config(
    unique_key=['vendor_id', 'updated_at'],
    merge_update_condition='DBT_INTERNAL_SOURCE.updated_at >= DBT_INTERNAL_DEST.updated_at'
) }}
{{ newest_new(ref('stg_vendors'), ['vendor_id', 'updated_at'], 'updated_at', ['vendor_id', 'updated_at']) }}
