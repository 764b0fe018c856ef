{{ config(
    unique_key=['rate_date', 'currency'],
    merge_update_condition='DBT_INTERNAL_SOURCE.updated_at >= DBT_INTERNAL_DEST.updated_at'
) }}
{{ newest_new(ref('stg_fx_rates'), ['rate_date', 'currency'], 'updated_at', ['rate_date', 'currency', 'updated_at', 'rate']) }}
