{{ config(
    unique_key=['order_id', 'line_number'],
    merge_update_condition='DBT_INTERNAL_SOURCE.updated_at >= DBT_INTERNAL_DEST.updated_at'
) }}
{{ newest_new(ref('stg_transactions'), ['order_id', 'line_number'], 'updated_at', ['order_id', 'line_number', 'updated_at', 'ordered_at', 'quantity', 'unit_price', 'discount_amount', 'tax_amount']) }}
